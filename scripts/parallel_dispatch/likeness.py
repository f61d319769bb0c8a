"""Whether two findings tell the same, by their place and their meaning, as docs/folding.md says. Hooks read this."""

from __future__ import annotations

from .finding import Finding
from .phrases import Word, stem, words
from .topics import ABSENT, NEGATIONS, TOPICS

SAME, POSSIBLY, DIFFERENT = "same", "possibly the same", "different"

NEAR, FAR = 5, 15
"""Lines between two places that are still one place, and that may be."""
_REACH = 6  # words that a negation reaches
_BEFORE = NEGATIONS - frozenset(
    "none missing lacking absent absence omitted forgotten undefined fehlt fehlen manque manquant manquante absente falta"
    " faltan".split()
)
_SHORT = 4
_INFLECTIONS = frozenset(
    ("", "s", "es", "d", "ed", "ing", "ged", "ging", "ting", "ted", "ning", "ned", "ping", "ped", "bed", "bing", "ly", "t", "en")
)
_WINDOW = 7


class Profile:
    """What of a finding is compared."""

    __slots__ = ("finding", "is_excess", "is_lack", "key", "main", "topics", "unwanted", "wanted", "weights")

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        title = words(finding.title)
        told = list(title)
        for text in (finding.details[:1200], finding.fix[:600]):
            last = told[-1] if told else None
            told += words(text, last.at + 1 if last else 0, last.sentence + 1 if last else 0)
        self.key = " ".join(word.text for word in title)
        self.topics = topics_of(told)
        self.main = topics_of(title) or self.topics
        self.weights: dict[str, float] = {}
        for word in told:
            stemmed = stem(word.text)
            if word.text not in _IDLE and word.text not in NEGATIONS and len(word.text) > 1:
                self.weights[stemmed] = max(self.weights.get(stemmed, 0.0), 2.0 if word.is_code else 1.0)
        spelled = {word.text for word in title}
        self.is_excess = bool(spelled & _EXCESS) or (bool(spelled & NEGATIONS) and bool(spelled & _NEEDED))
        self.is_lack = bool(spelled & ABSENT) and not self.is_excess
        self.wanted, self.unwanted = _directions(title, told)


_IDLE = frozenset(
    "the a an and or of to in on at for from by with as is are be been was were it its this that these those there which"
    " when while if then than so such can may could should would will must does do did has have had not any all each every"
    " into over under out up down off via per only just also even very more most less least other another same own both"
    " use uses used using add adds set sets make makes get gets here where what who how why because since after before"
    " der die das und oder ein eine einen wird werden ist sind im in mit von zu auf den dem des le la les un une des et est"
    " el los las una y en se que de du au aux".split()
)
_MORE = frozenset(
    "add introduce enable increase raise lengthen extend extract create use retry allow reenable require wrap need needs"
    " prefer".split()
)
_FEWER = frozenset(
    "remove drop delete inline disable reduce lower shorten avoid redundant unnecessary needless superfluous excessive"
    " stop decrease unneeded useless pointless premature overkill".split()
)


_DENIALS = frozenset(("don", "not", "never"))
_LITTLE = frozenset("low few short small little narrow rare seldom tight".split())
_SIZES = _LITTLE | frozenset("high many long large much big wide often loose frequent strict aggressive complex early".split())


def _is_thing(near: Word, word: Word) -> bool:
    """Whether a word beside another may be what that is about."""
    is_idle = near.text in _IDLE or near.text in NEGATIONS or near.text in _SIZES or near.text in _MORE | _FEWER
    return near.sentence == word.sentence and not is_idle


_EXCESS = frozenset("redundant unnecessary needless superfluous useless pointless unneeded overkill premature".split())
_NEEDED = frozenset("need needs needed required necessary".split())


def _directions(title: list[Word], told: list[Word]) -> tuple[frozenset[str], frozenset[str]]:
    """The things that a finding wants more of, and those that it wants less of."""
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for at, word in enumerate(told):
        if word.text == "too" and at + 1 < len(told) and told[at + 1].text in _SIZES:
            into = wanted if told[at + 1].text in _LITTLE else unwanted
            into.update(stem(near.text) for near in told[max(0, at - 5) : at + 5] if _is_thing(near, word))
        is_denied = any(near.text in _DENIALS and near.sentence == word.sentence for near in told[max(0, at - 3) : at])
        if word.text in _MORE:
            into = unwanted if is_denied else wanted
        elif word.text in _FEWER:
            into = wanted if is_denied else unwanted
        elif word.text in NEGATIONS and word.text not in _DENIALS and at < len(title):
            into = wanted
        else:
            continue
        for near in told[at + 1 : at + 6]:
            if near.sentence != word.sentence:
                break
            if _is_thing(near, word):
                into.add(stem(near.text))
    return frozenset(wanted - unwanted), frozenset(unwanted - wanted)


def likeness(a: Finding, b: Finding) -> str:
    """SAME, POSSIBLY or DIFFERENT."""
    return judged(Profile(a), Profile(b))


def judged(a: Profile, b: Profile) -> str:
    """SAME, POSSIBLY or DIFFERENT, of profiles."""
    place = nearness(a.finding, b.finding)
    if place == ELSEWHERE:
        return DIFFERENT
    if a.key == b.key:
        return SAME if place != NEARBY else POSSIBLY
    meaning = sense(a, b)
    if meaning == SAME and place in (HERE, SOMEWHERE):
        return SAME
    if meaning == DIFFERENT:
        return DIFFERENT
    return POSSIBLY if place != NEARBY or meaning == SAME else DIFFERENT


HERE, NEARBY, SOMEWHERE, ELSEWHERE = "here", "nearby", "somewhere", "elsewhere"


def nearness(a: Finding, b: Finding) -> str:
    """How near two places are; SOMEWHERE where one of them names no file or no line."""
    if a.path and b.path and not _is_one_file(a.path, b.path):
        return ELSEWHERE
    if not a.path or not b.path or not a.line or not b.line:
        return SOMEWHERE
    gap = max(a.line, b.line) - min(a.last_line, b.last_line)
    return HERE if gap <= NEAR else NEARBY if gap <= FAR else ELSEWHERE


def _is_one_file(one: str, other: str) -> bool:
    """Whether two paths name one file, of which one may leave out the folders above."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer == shorter or longer.endswith("/" + shorter)


def sense(a: Profile, b: Profile) -> str:
    """Whether two findings mean the same, wherever they are."""
    common = a.main & b.main
    beside = (a.topics & b.main) | (a.main & b.topics)
    alike = overlap(a, b)
    if _ASPECTS & (a.main ^ b.main) or _are_opposed(a, b):
        return POSSIBLY if common else DIFFERENT
    if common:
        return SAME if not (a.main - b.topics and b.main - a.topics) or alike >= 0.3 else POSSIBLY
    if beside:
        return SAME if alike >= (0.5 if a.main - b.topics and b.main - a.topics else 0.3) else POSSIBLY
    if a.main and b.main:
        return POSSIBLY if alike >= 0.3 else DIFFERENT
    return SAME if alike >= 0.8 and shared(a, b) > 2 else POSSIBLY if alike >= 0.15 else DIFFERENT


_ASPECTS = frozenset(
    ("missing tests", "missing documentation", "misleading name", "missing logs", "missing metrics", "missing translation")
)


def shared(a: Profile, b: Profile) -> int:
    """How many words two findings have in common."""
    return len(a.weights.keys() & b.weights.keys())


def overlap(a: Profile, b: Profile) -> float:
    """Which share of the words of the shorter one the other has, too; of code twice."""
    least = min(sum(a.weights.values()), sum(b.weights.values()))
    common = sum(min(weight, b.weights[word]) for word, weight in a.weights.items() if word in b.weights)
    return common / least if least else 0.0


def _are_opposed(a: Profile, b: Profile) -> bool:
    """Whether one asks for more of what the other asks for less of."""
    if (a.is_excess and b.is_lack) or (a.is_lack and b.is_excess):
        return True
    return bool((a.wanted & b.unwanted) | (a.unwanted & b.wanted))


def topics_of(found: list[Word]) -> frozenset[str]:
    """The topics that some words tell."""
    hits: dict[int, list[Word]] = {}
    for word in found:
        if word.text in NEGATIONS:
            hits.setdefault(_NEGATION, []).append(word)
            if word.text in ABSENT:
                hits.setdefault(_ABSENCE, []).append(word)
        for term in _EXACT.get(word.text, ()):
            hits.setdefault(term, []).append(word)
        for length in range(2, min(len(word.text), _LONGEST) + 1):
            begun = _PREFIXES.get(word.text[:length])
            if begun and (length > _SHORT or word.text[length:] in _INFLECTIONS):
                for term in begun:
                    hits.setdefault(term, []).append(word)
    told: set[str] = set()
    for term in hits:
        for name, groups, without in _WAYS.get(term, ()):
            if name not in told and _stand_together(groups, without, hits):
                told.add(name)
    return frozenset(told)


def _stand_together(groups: tuple[tuple[int, ...], ...], without: tuple[int, ...], hits: dict[int, list[Word]]) -> bool:
    found = []
    for group in groups:
        of_group = [word for term in group for word in hits.get(term, ())]
        if not of_group:
            return False
        found.append(of_group)
    against = [word for term in without for word in hits.get(term, ())]
    for anchor in found[0]:
        taken = [anchor]
        for group in found[1:]:
            near = next((word for word in group if _is_near(word, taken)), None)
            if near is None:
                break
            taken.append(near)
        else:
            if not any(word.sentence == anchor.sentence and abs(word.at - anchor.at) <= _WINDOW for word in against):
                return True
    return False


def _is_near(word: Word, taken: list[Word]) -> bool:
    """Whether a word stands near those that were found; of a negation, before one of them, as in "isn't cached"."""
    anchor = taken[0]
    if word.sentence != anchor.sentence or abs(word.at - anchor.at) > _WINDOW:
        return False
    if any(word.at == other.at for other in taken):
        return False
    return word.text not in _BEFORE or any(0 < other.at - word.at <= _REACH for other in taken)


_NEGATION, _ABSENCE = 0, 1
_EXACT: dict[str, list[int]] = {}
_PREFIXES: dict[str, list[int]] = {}
_WAYS: dict[int, list[tuple[str, tuple[tuple[int, ...], ...], tuple[int, ...]]]] = {}


def _compile() -> int:
    terms: dict[str, int] = {"~": _NEGATION, "^": _ABSENCE}
    for line in TOPICS.strip().split("\n"):
        name, _, ways = line.partition(": ")
        for way in ways.split("; "):
            groups, without = [], []
            for part in way.split():
                ids = tuple(terms.setdefault(term, len(terms)) for term in part.lstrip("!").split("/"))
                if part[0] == "!":
                    without += ids
                else:
                    groups.append(ids)
            groups.sort(key=lambda group: (group[0] <= _ABSENCE, len(group)))
            for term in groups[0]:
                _WAYS.setdefault(term, []).append((name, tuple(groups), tuple(without)))
    for term, number in terms.items():
        if number > _ABSENCE:
            (_EXACT if term[0] == "=" else _PREFIXES).setdefault(term.lstrip("="), []).append(number)
    return max(map(len, _PREFIXES))


_LONGEST = _compile()
