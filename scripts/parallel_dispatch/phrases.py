"""The words of a finding, as they are compared: small letters, identifiers whole and in parts. Hooks read this."""

from __future__ import annotations

_FOLDED = str.maketrans(
    "äöüáàâãåéèêëíìîïóòôõúùûçñ’ʼ‘–—‑",
    "aouaaaaaeeeeiiiioooouuucn'''---",
)
_SPELLED = (
    ("n+1", " nplusone "),
    ("0.0.0.0", " anyaddress "),  # noqa: S104 - a word of findings
    ("../", " dotdotslash "),
    ("o(n²)", " on2 "),
    ("o(n^2)", " on2 "),
    ("o(n*n)", " on2 "),
    ("hard-coded", "hardcoded"),
    ("hard coded", "hardcoded"),
    ("hard-code", "hardcode"),
    ("utf-8", "utf8"),
    ("f-string", "fstring"),
    ("can't", "cannot"),
    ("off-by-one", "offbyone"),
    ("create index", "createindex"),
    ("ß", "ss"),
    ("|| true", " or true "),
    ("++", " increment "),
)


class Word:
    """A word at its position, in its sentence; the parts of an identifier share its position."""

    __slots__ = ("at", "is_code", "sentence", "text")

    def __init__(self, text: str, at: int, sentence: int, is_code: bool) -> None:
        self.text = text
        self.at = at
        self.sentence = sentence
        self.is_code = is_code


def words(text: str, at: int = 0, sentence: int = 0) -> list[Word]:
    """The words of a text, counted on from a position and a sentence."""
    camel = _apart(text)
    folded = camel.casefold().translate(_FOLDED)
    for spelling, word in _SPELLED:
        if spelling in folded:
            folded = folded.replace(spelling, word)
    found: list[Word] = []
    run = ""
    in_code = False
    for character in folded + " ":
        if character.isalnum() or character in "_.\x02":
            run += character
            continue
        if run:
            ends = run.endswith(".")
            bare = run.strip("._\x02")
            if bare:
                _add(found, bare, at, sentence, in_code)
                at += 1
            sentence += ends
            run = ""
        if character == "`":
            in_code = not in_code
        elif character in "!?\n;":
            sentence += 1
    return found


def _add(found: list[Word], run: str, at: int, sentence: int, in_code: bool) -> None:
    whole = run.replace("\x02", "")
    parts = run.replace("\x02", " ").replace("_", " ").replace(".", " ").split()
    is_identifier = in_code or "_" in run or "\x02" in run or ("." in run and not whole.replace(".", "").isdigit())
    found.append(Word(whole, at, sentence, is_identifier))
    if "." in whole:
        parts += [part for part in whole.split(".") if part not in parts]
    if len(parts) > 1:
        found += [Word(part, at, sentence, False) for part in parts[:8]]


def _apart(text: str) -> str:
    """The text with a mark inside of `camelCase`, before its letters are made small."""
    kept: list[str] = []
    before = ""
    for character in text:
        if before.islower() and character.isupper():
            kept.append("\x02")
        kept.append(character)
        before = character
    return "".join(kept)


def stem(word: str) -> str:
    """A word without the endings that only grammar asks for."""
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            word = word[: -len(ending)]
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] in "ey" else word


_ENDINGS = (
    *(("isations", 4), ("izations", 4), ("isation", 4), ("ization", 4), ("ations", 4), ("ation", 4), ("ising", 4)),
    *(("izing", 4), ("ised", 4), ("ized", 4), ("ises", 4), ("izes", 4), ("ments", 4), ("ment", 4), ("ness", 4)),
    *(("ings", 4), ("ing", 3), ("ions", 4), ("ion", 4), ("ated", 4), ("ates", 4), ("ating", 4), ("ers", 4)),
    *(("ied", 3), ("ies", 3), ("ed", 3), ("ly", 4), ("es", 3), ("s", 3)),
)
