"""Files as chance and malice make them: a seeded stream of damaged copies of good ones.

Standard library and NumPy only.
"""

import io
import itertools
import json
import random
import zipfile
from collections.abc import Iterator

ODD_TEXTS = (
    b"",
    b"\0",
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"[[[[",
    b"99999999999999999999",
    b"'",
    b"\\",
    b"\xff\xfe",
    b"O",
    b"U99",
)


def damaged(content: bytes, n: int, seed: int) -> Iterator[bytes]:
    """n copies with bits flipped, parts cut off, moved, doubled, overwritten, and odd texts
    within.
    """
    rng = random.Random(seed)
    for _ in range(n):
        copy = bytearray(content)
        for _ in range(rng.choice((1, 1, 2, 5))):
            at, length = rng.randrange(len(copy) + 1), rng.choice((1, 2, 4, 30, 300))
            match rng.randrange(7):
                case 0:
                    for _ in range(length):
                        if copy:
                            copy[rng.randrange(len(copy))] ^= 1 << rng.randrange(8)
                case 1:
                    del copy[at:]
                case 2:
                    del copy[at : at + length]
                case 3:
                    copy[at:at] = copy[at : at + length]
                case 4:
                    copy[at : at + length] = bytes(
                        [rng.choice((0, 255, rng.randrange(256)))]
                    ) * len(copy[at : at + length])
                case 5:
                    other = rng.randrange(len(copy) + 1)
                    copy[at : at + length], copy[other : other + length] = (
                        copy[other : other + length],
                        copy[at : at + length],
                    )
                case 6:
                    copy[at : at + rng.randrange(4)] = rng.choice(ODD_TEXTS)
        yield bytes(copy)


def rebuilt(content: bytes, n: int, seed: int) -> Iterator[bytes]:
    """n copies of an .npz with damaged members under right checksums, lost, renamed, doubled or
    packed in other ways.
    """
    rng = random.Random(seed)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    ways = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    for _ in range(n):
        own, name = dict(members), rng.choice(list(members))
        match rng.randrange(5):
            case 0:
                (own[name],) = damaged(own[name], 1, rng.randrange(2**32))
            case 1:
                (head,) = damaged(own[name][:128], 1, rng.randrange(2**32))
                own[name] = head + own[name][128:]
            case 2:
                own[
                    rng.choice(
                        (
                            "0/other.npy",
                            "9/i_xt.npy",
                            "x",
                            "../x.npy",
                            "plain",
                            ".format.npy",
                            "\n.npy",
                        )
                    )
                ] = own.pop(name)
            case 3:
                del own[name]
            case 4:
                own[name] = own[rng.choice(list(members))]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", rng.choice(ways)) as archive:
            for key, value in own.items():
                archive.writestr(key, value)
        yield packed.getvalue()


VALUES = (
    None,
    True,
    -1,
    0,
    10**6,
    2**70,
    0.5,
    -1e308,
    "",
    "a",
    "../../x",
    "a\nb" * 99,
    [],
    [1],
    [[]],
    {},
    {"a": 1},
)


def changed(value: object, n: int, seed: int) -> Iterator[str]:
    """n JSON texts of the value with something within lost, or another value in its place."""
    rng = random.Random(seed)
    for _ in range(n):
        copy = json.loads(json.dumps(value))
        places = list(_places(copy))
        for _ in range(rng.choice((1, 1, 3))):
            inside, key = rng.choice(places)
            if rng.randrange(4):
                inside[key] = rng.choice(VALUES)
            elif isinstance(inside, dict):
                inside.pop(key, None)
        yield json.dumps(copy)


def _places(value: object) -> Iterator[tuple]:
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    yield from itertools.chain.from_iterable([(value, key), *_places(one)] for key, one in pairs)
