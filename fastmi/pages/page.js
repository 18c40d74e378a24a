"use strict";
(() => {
const $ = (id) => document.getElementById(id);
const BITS = (value) => value === null || value === undefined ? "–" : value.toFixed(3);
const DASHES = ["solid", "dash", "dot", "dashdot"];
const SAME_PLACE = 0.015;  // of an axis: marks nearer to each other cover each other
const MEANS = {
  "unresolved": "unresolved: n cannot size this layer",
  "bounded": "bounded: from below alone",
  "resolved": "resolved: its bracket is narrow",
  "exact": "exact: the whole population was counted",
};
const renewal = document.querySelector("meta[name=renewal]");
const state = { choice: [], step: 0, playing: 0, hidden: new Set() };
let data, view, texts;

async function unpacked(id) {
  const bytes = Uint8Array.from(atob($(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).text();
}

// Plotly reads names as a little HTML of its own
const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const dark = () => document.documentElement.dataset.theme === "dark";
const tint = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const shade = (layer) => dark() && layer.color === "#000000" ? "#ffffff" : layer.color;
const narrow = () => matchMedia("(max-width: 860px)").matches;
const at = (name, layer, step) => view.columns[name] ? view.columns[name][layer][step] : null;
const column = (name) => data.columns.find((one) => one.name === name);
const word = (name, value) => value === null || value === undefined ? "" : column(name).names[value];
const shown = () => view.layers.map((_, i) => i).filter((i) => !state.hidden.has(view.layers[i]));

// --- words ----------------------------------------------------------------------------------------

function said(layer, step) {
  const name = data.layers[view.layers[layer]].name;
  const lines = [`${name}, step ${view.steps[step].toLocaleString("en")}`];
  const sd = (which) => view.spread[which] ? ` ± ${BITS(view.spread[which][layer][step])} over seeds` : "";
  const ceiling = word("verdict_xt", at("verdict_xt", layer, step));
  lines.push(`I(X;T) = ${BITS(at("i_xt", layer, step))} bits${sd("i_xt")}`, ...(ceiling ? [`  ${ceiling}`] : []));
  lines.push(`I(T;Y) = ${BITS(at("i_ty", layer, step))} bits${sd("i_ty")}`);
  if (at("chance", layer, step) !== null) lines.push(`chance: ${BITS(at("chance", layer, step))}`);
  const [lower, upper] = [at("mean_lower", layer, step), at("mean_upper", layer, step)];
  if (lower !== null) lines.push(`bracket, in mean: ${BITS(lower)} to ${BITS(upper)}`);
  const verdict = word("verdict", at("verdict", layer, step));
  lines.push(verdict ? MEANS[verdict] : view.columns.verdict ? "not judged" : "no verdict is stated");
  return lines.map(plain).join("<br>");
}

// --- figures --------------------------------------------------------------------------------------

function paper() {
  return {
    paper_bgcolor: tint("--paper"), plot_bgcolor: tint("--paper"), showlegend: false, hovermode: "closest",
    font: { color: tint("--ink"), size: 12, family: "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" },
    hoverlabel: { align: "left", bgcolor: tint("--field"), bordercolor: tint("--rule"), font: { color: tint("--ink"), size: 12 } },
    dragmode: narrow() ? false : "zoom",
  };
}

const axis = (more) => ({
  gridcolor: tint("--rule"), linecolor: tint("--soft"), zeroline: false, automargin: false, griddash: "dot", ...more,
});
const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false, doubleClick: "reset" };

function sizes(layers, step, reach) {
  const place = (i) => [at("i_xt", i, step) / reach[0], at("i_ty", i, step) / reach[1]];
  return layers.map((i, k) => 13 * (1 + 0.5 * layers.slice(k + 1).filter((j) =>
    place(i).every((value, side) => Math.abs(value - place(j)[side]) < SAME_PLACE)).length));
}

function symbol(layer, step) {
  const verdict = word("verdict", at("verdict", layer, step));
  return data.layers[view.layers[layer]].symbol + (verdict === "bounded" ? "-dot" : "");
}

// what is not known is left open, as on paper
function hollow(layer, step) {
  return ["unresolved", "bounded"].includes(word("verdict", at("verdict", layer, step)));
}

function drawPlane() {
  const step = state.step, layers = shown(), reach = view.ceilings.map((end) => Math.max(end, 0.1));
  const color = (i) => shade(data.layers[view.layers[i]]);
  const traces = [];
  for (const i of layers) {
    const x = view.columns.i_xt[i], y = view.columns.i_ty[i];
    const line = (width) => ({ color: color(i), width });
    traces.push({ x, y, mode: "lines", line: line(1), opacity: 0.3,
      text: texts[i], hovertemplate: "%{text}<extra></extra>" });
    if (view.columns.chance) {
      traces.push({ x, y: view.columns.chance[i], mode: "lines", line: { ...line(1.3), dash: "dot" }, opacity: 0.75, hoverinfo: "skip" });
    }
    traces.push({ x: x.slice(0, step + 1), y: y.slice(0, step + 1), mode: "lines", line: line(1.6), opacity: 0.85, hoverinfo: "skip" });
    const low = at("mean_lower", i, step), here = x[step], width = 0.013 * reach[0], height = 0.013 * reach[1];
    const stem = low === null || here === null ? [[], []] : [
      [here, here, null, here - width, here - width, here + width, here + width],
      [y[step], low, null, low + height, low, low, low + height]];
    traces.push({ x: stem[0], y: stem[1], mode: "lines", line: line(1), hoverinfo: "skip" });
  }
  const first = layers.map((i) => view.columns.i_ty[i].findIndex((value) => value !== null));
  traces.push({ x: layers.map((i, k) => at("i_xt", i, first[k])), y: layers.map((i, k) => at("i_ty", i, first[k])), mode: "markers",
    hoverinfo: "skip", marker: { size: 6, color: layers.map(color), symbol: layers.map((i) => data.layers[view.layers[i]].symbol),
      line: { color: tint("--paper"), width: 1 } } });
  const error = (name) => view.spread[name] ? { type: "data", array: layers.map((i) => view.spread[name][i][step]),
    color: tint("--soft"), thickness: 1, width: 0 } : { visible: false };
  traces.push({ x: layers.map((i) => at("i_xt", i, step)), y: layers.map((i) => at("i_ty", i, step)), mode: "markers",
    name: "now", text: layers.map((i) => texts[i][step]), hovertemplate: "%{text}<extra></extra>",
    error_x: error("i_xt"), error_y: error("i_ty"),
    marker: { size: sizes(layers, step, reach), opacity: 1, symbol: layers.map((i) => symbol(i, step)),
      color: layers.map((i) => hollow(i, step) ? tint("--paper") : color(i)),
      line: { width: 2.2, color: layers.map((i) => hollow(i, step) || !view.columns.verdict ? color(i) : tint("--ink")) } } });
  const guide = (line) => ({ type: "line", layer: "below", line: { color: tint("--soft"), width: 1, dash: "dash" }, ...line });
  const note = (words, place) => ({ text: words, showarrow: false, font: { size: 11, color: tint("--soft") }, ...place });
  Plotly.react("plane", traces, {
    ...paper(), margin: { l: 56, r: 18, t: 12, b: 46 }, uirevision: view.choice.join(),
    xaxis: axis({ title: { text: "I(X;T)  [bits]" }, range: [-0.04 * reach[0], 1.06 * reach[0]] }),
    yaxis: axis({ title: { text: "I(T;Y)  [bits]" }, range: [-0.05 * reach[1], 1.12 * reach[1]] }),
    shapes: [guide({ x0: view.ceilings[0], x1: view.ceilings[0], yref: "paper", y0: 0, y1: 1 }),
      guide({ y0: view.ceilings[1], y1: view.ceilings[1], xref: "paper", x0: 0, x1: 1 })],
    annotations: [
      note(`log₂ n = ${view.ceilings[0].toFixed(2)}`, { x: view.ceilings[0], y: 0.06 * reach[1], textangle: -90, xanchor: "left", yanchor: "bottom", xshift: 1 }),
      note(`H(Y) = ${view.ceilings[1].toFixed(3)}`, { x: 0, y: view.ceilings[1], xanchor: "left", yanchor: "bottom" })],
  }, CONFIG);
}

// steps that are close together where they begin are drawn by the logarithm of 1 + step
function scale(steps) {
  const first = steps[0], last = steps.at(-1), middle = steps[Math.floor(steps.length / 2)];
  if (steps.length < 3 || middle - first >= (last - first) / 4) return { place: (step) => step, more: {} };
  const place = (step) => Math.log10(1 + step);
  const ticks = [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].filter((tick) => tick >= first && tick <= last);
  return { place, more: { tickvals: ticks.map(place), ticktext: ticks.map((tick) => tick.toLocaleString("en")) } };
}

function beside() {
  const seed = data.switches.findIndex((one) => one.name === "seed");
  return data.curves.filter((curve) => seed < 0 || curve.seed === null || curve.seed === view.choice[seed]);
}

function drawCurves() {
  const { place, more } = scale(view.steps), curves = beside(), names = [...new Set(curves.map((curve) => curve.name))];
  const rows = ["I(X;T), bits", "I(T;Y) and chance, bits", ...names];
  const n = rows.length, gap = 0.07, height = (1 - gap * (n - 1)) / n, traces = [], layout = {}, notes = [];
  const x = view.steps.map(place), names_of = (i) => data.layers[view.layers[i]].name;
  const over = (i, name, label) => view.steps.map((step, k) =>
    plain(`${names_of(i)}, step ${step.toLocaleString("en")}: ${label}${BITS(at(name, i, k))} bits`));
  for (const i of shown()) {
    const color = shade(data.layers[view.layers[i]]);
    const draw = (name, row, dash, label) => view.columns[name] && traces.push({ x, y: view.columns[name][i], customdata: view.steps,
      yaxis: row ? `y${row + 1}` : "y", mode: x.length > 1 ? "lines" : "markers", line: { color, width: 1.6, dash }, text: over(i, name, label),
      hovertemplate: "%{text}<extra></extra>" });
    draw("i_xt", 0, "solid", "I(X;T) = ");
    draw("i_ty", 1, "solid", "I(T;Y) = ");
    draw("chance", 1, "dot", "chance ");
  }
  const samples = [...new Set(curves.map((curve) => curve.sample))];
  for (const curve of curves) {
    const row = names.indexOf(curve.name) + 2;
    const label = (value, k) => plain(`${curve.name}${curve.sample ? ", " + curve.sample : ""}, step ${curve.steps[k].toLocaleString("en")}: ` +
      (value === null ? "missing" : value.toPrecision(4)));
    traces.push({ x: curve.steps.map(place), y: curve.values, customdata: curve.steps, yaxis: `y${row + 1}`, mode: curve.steps.length > 1 ? "lines" : "markers",
      line: { color: tint("--ink"), width: 1.6, dash: DASHES[samples.indexOf(curve.sample) % DASHES.length] },
      text: curve.values.map(label), hovertemplate: "%{text}<extra></extra>" });
  }
  rows.forEach((name, row) => {
    const top = 1 - row * (height + gap), key = row ? `yaxis${row + 1}` : "yaxis";
    layout[key] = axis({ domain: [Math.max(0, top - height), top], anchor: "x", nticks: 4, range: limits(row, names) });
    const dashes = row < 2 || samples.length < 2 ? "" : samples.map((sample, k) => `${["—", "- -", "···", "-·-"][k % 4]} ${sample}`).join("   ");
    notes.push({ text: plain(name + (dashes ? `   ${dashes}` : "")), xref: "paper", yref: "paper", x: 0, y: top, xanchor: "left", yanchor: "bottom",
      showarrow: false, font: { size: 11, color: tint("--soft") } });
  });
  Plotly.react("curves", traces, { ...paper(), ...layout, uirevision: view.choice.join(), margin: { l: 48, r: 14, t: 22, b: 46 },
    xaxis: axis({ title: { text: "step" }, anchor: n > 1 ? `y${n}` : "y", range: ends(x), ...more }), annotations: notes }, CONFIG);
}

function ends(x) {
  const room = 0.02 * ((x.at(-1) - x[0]) || 1);
  return [x[0] - room, x.at(-1) + room];
}

function limits(row, names) {
  const there = row === 0 ? [view.columns.i_xt] : row === 1 ? [view.columns.i_ty, view.columns.chance]
    : [beside().filter((curve) => curve.name === names[row - 2]).map((curve) => curve.values)];
  let low = Infinity, high = -Infinity;
  for (const rows of there) for (const values of rows || []) for (const value of values) {
    if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); }
  }
  if (low > high) return [0, 1];
  const room = 0.06 * ((high - low) || Math.abs(high) || 1);
  return [low - room, high + room];
}

// a line over the curves at this step; moved as it is, for Plotly would draw all of them anew
function moveCursor() {
  const [low, high] = $("curves").layout.xaxis.range, x = scale(view.steps).place(view.steps[state.step]);
  const share = (x - low) / (high - low);
  $("cursor").hidden = !(share >= 0 && share <= 1);
  $("cursor").style.transform = `translateX(${100 * share}%)`;
}

function drawUnits() {
  const of = data.units[$("unit-layer").selectedIndex], d = of.units.length, x = of.units.map((_, i) => i);
  const label = (i) => `unit ${of.units[i]}: I(t;Y) = ${BITS(of.i_ty[i])} bits` + (of.chance ? `<br>chance ${BITS(of.chance[i])}` : "") +
    (of.lower ? `<br>at least ${BITS(of.lower[i])}, in mean` : "");
  const cells = of.of_classes.map((row, k) => row.map((bits, i) => plain(`unit ${of.units[i]}, class ${of.classes[k]}: ${BITS(bits)} bits above chance`)));
  const line = (y, color, dash) => ({ x, y, mode: "lines", line: { shape: "hvh", color, width: 1.4, dash }, hoverinfo: "skip" });
  const traces = [
    { x, y: of.i_ty, type: "bar", marker: { color: "#56b4e9" }, text: x.map(label), textposition: "none", hovertemplate: "%{text}<extra></extra>" },
    { x, y: of.classes.map((_, k) => k), z: of.of_classes, text: cells, type: "heatmap", yaxis: "y2", colorscale: "Cividis", zmin: 0,
      hovertemplate: "%{text}<extra></extra>", colorbar: { title: { text: "bits above chance", side: "right" }, thickness: 12, len: 0.58, y: 0, yanchor: "bottom" } },
  ];
  if (of.lower) traces.push(line(of.lower.map((bits) => Math.max(bits, 0)), tint("--accent"), "solid"));
  if (of.chance) traces.push(line(of.chance, tint("--ink"), "dot"));
  const some = (n, most) => n <= most ? [...Array(n).keys()] : [...Array(12).keys()].map((i) => Math.round(i * (n - 1) / 11));
  Plotly.react("map", traces, { ...paper(), margin: { l: 90, r: 10, t: 10, b: 46 }, bargap: 0,
    xaxis: axis({ title: { text: "unit, sorted by the class that each knows most of" }, range: [-0.5, d - 0.5], anchor: "y2",
      tickvals: some(d, 30), ticktext: some(d, 30).map((i) => String(of.units[i])), showgrid: false }),
    yaxis: axis({ title: { text: "I(t;Y)  [bits]" }, domain: [0.66, 1], rangemode: "tozero" }),
    yaxis2: axis({ domain: [0, 0.6], autorange: "reversed", showgrid: false, tickvals: some(of.classes.length, 20),
      ticktext: some(of.classes.length, 20).map((k) => plain(of.classes[k].length > 12 ? of.classes[k].slice(0, 11) + "…" : of.classes[k])) }) }, CONFIG);
  $("map-caption").textContent = `${of.caption}; bars: I(t;Y), dotted: chance, line: at least, in mean`;
}

// --- the table ------------------------------------------------------------------------------------

const MAIN = ["i_xt", "i_ty", "chance", "mean_lower", "mean_upper", "verdict"];
const listed = () => data.columns.filter((one) => MAIN.includes(one.name) || ($("all").checked && view.columns[one.name]));

function element(tag, text, name) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}

function buildTable() {
  const table = $("table"), head = element("thead"), row = element("tr"), body = element("tbody");
  row.append(element("th", "layer"));
  for (const one of listed()) row.append(element("th", one.heading, one.names.length ? "word" : ""));
  head.append(row);
  for (const layer of view.layers) {
    const line = element("tr"), name = element("th", data.layers[layer].name);
    name.scope = "row";
    line.append(name, ...listed().map((one) => element("td", "", one.names.length ? "word" : "")));
    body.append(line);
  }
  row.querySelectorAll("th").forEach((one) => { one.scope = "col"; });
  table.replaceChildren(head, body);
  const why = $("why");
  why.replaceChildren();
  view.layers.forEach((layer, i) => {
    const longest = view.reasons.length ? view.reasons[i].reduce((a, b) => b.length > a.length ? b : a) : "";
    const room = element("span", longest, "room"), line = element("dd");
    room.setAttribute("aria-hidden", "true");
    line.append(room, element("span", view.reasons.length ? "" : view.absent || "no verdict is stated"));
    why.append(element("dt", data.layers[layer].name), line);
  });
}

function cell(one, layer, step) {
  if (!view.columns[one.name]) return "not stated";
  const value = at(one.name, layer, step);
  if (value === null) return at("i_ty", layer, step) === null ? "no point" : "not stated";
  if (one.names.length) return one.names[value] || "not judged";
  return Number.isInteger(value) && !/bits|I\(|chance|at /.test(one.heading) ? value.toLocaleString("en") : Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(1) : value.toFixed(3);
}

function fillTable() {
  const columns = listed();
  $("table").tBodies[0].querySelectorAll("tr").forEach((row, layer) => {
    row.querySelectorAll("td").forEach((td, i) => {
      td.textContent = cell(columns[i], layer, state.step);
      td.classList.toggle("none", ["no point", "not stated"].includes(td.textContent));
    });
  });
  if (view.reasons.length) {
    $("why").querySelectorAll("dd").forEach((line, layer) => { line.lastChild.textContent = view.reasons[layer][state.step]; });
  }
}

// --- what is chosen -------------------------------------------------------------------------------

function show(step) {
  state.step = Math.max(0, Math.min(view.steps.length - 1, step));
  const words = view.steps[state.step].toLocaleString("en"), slider = $("step");
  slider.value = state.step;
  slider.setAttribute("aria-valuetext", `step ${words}`);
  $("now").textContent = $("at").textContent = words;
  drawPlane();
  moveCursor();
  fillTable();
  remember();
}

function look() {
  const last = view ? view.steps[state.step] : null;
  view = data.views.find((one) => one.choice.every((value, i) => value === state.choice[i]));
  texts = view.layers.map((_, layer) => view.steps.map((_, step) => said(layer, step)));
  $("step").max = view.steps.length - 1;
  let step = view.steps.length - 1;
  if (last !== null) {
    const far = view.steps.map((one) => Math.abs(one - last));
    step = far.indexOf(Math.min(...far));
  }
  state.step = step;
  $("caption").textContent = view.caption;
  $("absent").textContent = view.absent;
  buildTable();
  drawCurves();
  show(step);
}

// of views that have what was chosen last, the one that keeps most of the rest
function choose(changed, value) {
  const there = data.views.filter((one) => one.choice[changed] === value);
  const kept = (one) => one.choice.filter((of, i) => of === state.choice[i]).length;
  const best = there.reduce((a, b) => kept(b) > kept(a) ? b : a);
  state.choice = [...best.choice];
  data.switches.forEach((one, i) => { $(`switch-${i}`).value = state.choice[i]; });
  look();
}

function buildSwitches() {
  data.switches.forEach((one, i) => {
    const label = element("label", one.name[0].toUpperCase() + one.name.slice(1)), select = element("select");
    select.id = `switch-${i}`;
    select.name = one.name;
    for (const value of one.values) {
      const option = element("option", value);
      option.value = value;
      select.append(option);
    }
    select.addEventListener("change", () => choose(i, select.value));
    label.append(select);
    $("switches").append(label);
  });
  data.layers.forEach((layer, i) => {
    const label = element("label"), box = element("input"), glyph = element("span", layer.glyph, "glyph");
    Object.assign(box, { type: "checkbox", checked: true, autocomplete: "off" });
    box.addEventListener("change", () => {
      state.hidden[box.checked ? "delete" : "add"](i);
      drawCurves();
      drawPlane();
    });
    glyph.setAttribute("aria-hidden", "true");
    label.append(box, glyph, element("span", layer.name));
    $("layers").append(label);
  });
}

// --- playing --------------------------------------------------------------------------------------

function play(on) {
  clearInterval(state.playing);
  state.playing = 0;
  if (on) {
    if (state.step === view.steps.length - 1) show(0);
    const pause = Math.max(60, Math.min(400, 12000 / view.steps.length));
    state.playing = setInterval(() => {
      show(state.step + 1);
      if (state.step === view.steps.length - 1) play(false);
    }, pause);
  }
  $("play").textContent = on ? "Pause" : "Play";
}

function listen() {
  $("play").addEventListener("click", () => play(!state.playing));
  $("step").addEventListener("input", () => { play(false); show(Number($("step").value)); });
  $("all").addEventListener("change", () => { buildTable(); fillTable(); });
  $("switches").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const target = event.target.closest("button, select, a, summary, input[type=checkbox]");
    if (event.key !== " " || target || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    play(!state.playing);
  });
  $("curves").on("plotly_relayout", moveCursor);
  $("curves").on("plotly_click", (event) => {
    const far = view.steps.map((one) => Math.abs(one - event.points[0].customdata));
    play(false);
    show(far.indexOf(Math.min(...far)));
  });
}

// --- light and dark; what is kept while a page is written again and again ------------------------

function themed(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").setAttribute("aria-pressed", String(theme === "dark"));
  $("theme").textContent = theme === "dark" ? "Light" : "Dark";
  document.querySelectorAll("#layers .glyph").forEach((glyph, i) => { glyph.style.color = shade(data.layers[i]); });
  if (view) { drawPlane(); drawCurves(); }
  if (data && data.units.length) drawUnits();
}

function remember() {
  try {
    const last = state.step === view.steps.length - 1;
    sessionStorage.setItem("fastmi", JSON.stringify({ choice: state.choice, step: last ? null : view.steps[state.step],
      theme: state.theme, scroll: scrollY }));
  } catch { /* it may not be kept; then nothing is */ }
}

function remembered() {
  try { return JSON.parse(sessionStorage.getItem("fastmi")) || {}; } catch { return {}; }
}

// while it is written, as often as that; where nothing was for long, whoever wrote it is gone
function renew() {
  const [every, written, patience] = ["every", "written", "patience"].map((name) => 1000 * renewal.dataset[name]);
  if (Date.now() - written <= patience) {
    setTimeout(() => location.reload(), every);
    return;
  }
  $("stale").hidden = false;
  $("stale").textContent = `No news since ${new Date(written).toLocaleString()}: what wrote this page may have been stopped. ` +
    "It no longer renews itself; reload it to look again.";
}

async function begin() {
  const dusk = matchMedia("(prefers-color-scheme: dark)");
  const before = renewal ? remembered() : {};
  state.theme = before.theme;
  document.documentElement.dataset.theme = state.theme || (dusk.matches ? "dark" : "light");
  if (typeof DecompressionStream === "undefined") throw new Error("this browser has no DecompressionStream (2023 or later have)");
  const script = element("script", await unpacked("plotly"));
  document.head.append(script);
  data = JSON.parse(await unpacked("data"));
  buildSwitches();
  const kept = data.views.find((one) => one.choice.join("\n") === (before.choice || []).join("\n"));
  state.choice = [...(kept || data.views[0]).choice];
  data.switches.forEach((_, i) => { $(`switch-${i}`).value = state.choice[i]; });
  for (const of of data.units) $("unit-layer").append(element("option", of.layer));
  $("units").hidden = !data.units.length;
  $("unit-layer").addEventListener("change", drawUnits);
  look();
  if (Number.isInteger(before.step)) show(Math.max(0, view.steps.findLastIndex((step) => step <= before.step)));
  listen();
  themed(state.theme || document.documentElement.dataset.theme);
  dusk.addEventListener("change", () => { if (!state.theme) themed(dusk.matches ? "dark" : "light"); });
  $("theme").addEventListener("click", () => { state.theme = dark() ? "light" : "dark"; themed(state.theme); remember(); });
  $("play").disabled = $("step").disabled = view.steps.length < 2;
  if (before.scroll) scrollTo(0, before.scroll);
  document.documentElement.dataset.ready = "yes";
}

if (renewal) renew();
begin().catch((error) => {
  $("trouble").hidden = false;
  $("trouble").textContent = `The page could not be drawn: ${error.message}`;
  console.error(error);
});
})();
