"""Whether two findings tell the same, by their place and their meaning, as docs/folding.md says. Hooks read this."""

from __future__ import annotations

import math

from .finding import Finding
from .phrases import Word, stem, words
from .topic_reading import topics_of
from .topics import ABSENT, NEGATIONS

SAME, POSSIBLY, DIFFERENT = "same", "possibly the same", "different"

HERE, AROUND, SOMEWHERE, ELSEWHERE = "here", "around", "somewhere", "elsewhere"
"""How two places lie: at most NEAR lines apart, at most FAR, one of them without lines, or not in one place at all."""
NEAR, FAR = 5, 15
LONG = 40
"""Lines of a range that says no more than its file does."""
ENOUGH = 0.8
"""The weight of what two findings have in common that makes them the same."""
FIXES, PROPOSED, TOLD, TITLES = 1.7, 2.5, 3.0, -0.5
"""What a word in common weighs, by where it stands: in both fixes; in one fix and the other's text; in both texts; in
both titles, which at one place name the same things whatever they say of them."""
CENTRAL, KIN, STRANGER, ONE_LINE, UNTOLD = 0.85, 0.95, -0.7, -1.05, 0.5
"""What is added where the titles have a topic in common, where the findings have one, where they have topics but none
in common, where both are about one line, and where one proposes no fix. All weights are those of a logistic regression
over the pairs of trials/merge, rounded."""
KINDRED, AKIN = 0.15, 0.3
"""The share of words in common that keeps two findings from being different; AKIN where their topics differ."""
MOST = 0.8
"""The share of all words that, where both have them, makes two findings the same without further evidence."""


class Profile:
    """What of a finding is compared: the words of its title, details and fix, and the topics that they tell.

    `names` are the words of code in its title. `main` are the topics of its title, of the rest where the title tells
    none. `wanted` is what it asks for more of, `unwanted` what it asks for less of.
    """

    __slots__ = (
        "details",
        "finding",
        "fix",
        "is_excess",
        "is_lack",
        "key",
        "main",
        "names",
        "poles",
        "title",
        "topics",
        "unwanted",
        "wanted",
        "weights",
    )

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        title = words(finding.title)
        details = words(finding.details[:1200], *_after(title))
        fix = words(finding.fix[:600], *_after(details or title))
        told = title + details + fix
        self.key = " ".join(word.text for word in title)
        self.topics = topics_of(told)
        self.main = topics_of(title) or self.topics
        self.names = frozenset(stem(word.text) for word in title if word.is_code and _tells(word))
        self.title, self.details, self.fix = (_stems(part) for part in (title, details, fix))
        self.weights: dict[str, float] = {}
        for word in told:
            if _tells(word):
                stemmed = stem(word.text)
                self.weights[stemmed] = max(self.weights.get(stemmed, 0.0), 2.0 if word.is_code else 1.0)
        spelled = {word.text for word in title}
        self.is_excess = bool(spelled & _EXCESS) or (bool(spelled & NEGATIONS) and bool(spelled & _NEEDED))
        self.is_lack = bool(spelled & ABSENT) and not self.is_excess
        self.wanted, self.unwanted = _directions(title, told)
        asked = spelled | {word.text for word in fix}
        self.poles = tuple(bool(asked & one) - bool(asked & other) for one, other in _POLES)


def likeness(a: Finding, b: Finding) -> str:
    """SAME, POSSIBLY or DIFFERENT."""
    return judged(Profile(a), Profile(b))


def judged(a: Profile, b: Profile) -> str:
    """SAME, POSSIBLY or DIFFERENT, of profiles."""
    place = nearness(a.finding, b.finding)
    if place == ELSEWHERE:
        return DIFFERENT
    meaning = sense(a, b, has_line=place == HERE)
    if place == AROUND:
        return POSSIBLY if meaning == SAME else DIFFERENT
    return meaning


def nearness(a: Finding, b: Finding) -> str:
    """How two places lie."""
    if a.path and b.path and not is_one_file(a.path, b.path):
        return ELSEWHERE
    if not (a.path and b.path and a.line and b.line):
        return SOMEWHERE
    gap = max(a.line, b.line) - min(a.last_line, b.last_line)
    if gap > FAR:
        return ELSEWHERE
    is_wide = max(a.last_line - a.line, b.last_line - b.line) > LONG
    return AROUND if gap > NEAR else SOMEWHERE if is_wide else HERE


def is_one_file(one: str, other: str) -> bool:
    """Whether two paths name one file, of which one may leave out the folders above."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer == shorter or longer.endswith("/" + shorter)


def sense(a: Profile, b: Profile, *, has_line: bool) -> str:
    """Whether two findings mean the same, apart from where they are. `has_line`: they are known to be in one place."""
    if a.key == b.key:
        return SAME
    common = a.main & b.main
    clash = _tell_other_topics(a, b)
    words = _shared_words(a, b)
    told = frozenset().union(*words)
    if are_opposed(a, b):
        return POSSIBLY if common else DIFFERENT
    if ASPECTS & (a.main ^ b.main):
        return POSSIBLY if common or len(told) > 1 else DIFFERENT
    if told and _weigh(a, b, *words) >= ENOUGH and (has_line or not _name_others(a, b)):
        return SAME
    alike = overlap(a, b)
    if len(a.weights.keys() & b.weights.keys()) > max(2, MOST * len(a.weights.keys() | b.weights.keys())):
        return SAME
    if common or len(told) > clash or alike >= (AKIN if clash else KINDRED):
        return POSSIBLY
    return POSSIBLY if has_line and not clash else DIFFERENT


def weight(a: Profile, b: Profile) -> float:
    """How much two findings have in common: words, fewer of which meet by chance in shorter texts, and topics."""
    return _weigh(a, b, *_shared_words(a, b))


def _weigh(a: Profile, b: Profile, fixes: frozenset[str], proposed: frozenset[str], told: frozenset[str]) -> float:
    everywhere = fixes | proposed | told
    words = (
        FIXES * len(everywhere)
        + (PROPOSED - FIXES) * len(proposed)
        + (TOLD - FIXES) * len(told)
        + TITLES * len(a.title & b.title)
    )
    found = words / math.sqrt(min(len(a.weights), len(b.weights)) + 1)
    found += CENTRAL * bool(a.main & b.main) + KIN * bool(a.topics & b.topics)
    found += STRANGER * _tell_other_topics(a, b)
    return found + ONE_LINE * _is_one_line(a.finding, b.finding) + UNTOLD * (not (a.fix and b.fix))


def _tell_other_topics(a: Profile, b: Profile) -> bool:
    """Whether both tell what they are about, and it is not the same."""
    return bool(a.main and b.main) and not a.topics & b.topics


def _name_others(a: Profile, b: Profile) -> bool:
    """Whether each title names things of the code, and the other finding none of them."""
    return bool(a.names and b.names) and not (a.names & b.weights.keys()) and not (b.names & a.weights.keys())


def _shared_words(a: Profile, b: Profile) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The words in common: of both fixes; of one fix and the other's title or details; of both texts.

    What only the titles share is in none of them.
    """
    proposed = ((a.fix - a.title) & (b.title | b.details)) | ((b.fix - b.title) & (a.title | a.details))
    told = (a.title & b.details) | (b.title & a.details) | (a.details & b.details)
    return a.fix & b.fix, proposed, told


def _is_one_line(a: Finding, b: Finding) -> bool:
    """Whether both are about one and the same line."""
    return bool(a.line and b.line) and max(a.line, b.line) <= min(a.last_line, b.last_line)


def overlap(a: Profile, b: Profile) -> float:
    """Which share of the words of the shorter one the other has, too; of code twice."""
    least = min(sum(a.weights.values()), sum(b.weights.values()))
    common = sum(min(weight, b.weights[word]) for word, weight in a.weights.items() if word in b.weights)
    return common / least if least else 0.0


def are_opposed(a: Profile, b: Profile) -> bool:
    """Whether one asks for more of what the other asks for less of, or finds missing what the other finds needless."""
    if (a.is_excess and b.is_lack) or (a.is_lack and b.is_excess):
        return True
    if any(one * other < 0 for one, other in zip(a.poles, b.poles)):
        return True
    if any("de" + word in b.title for word in a.title) or any("de" + word in a.title for word in b.title):
        return True
    if _forbids(a, b) or _forbids(b, a):
        return True
    return bool((a.wanted & b.unwanted) | (a.unwanted & b.wanted))


def _forbids(a: Profile, b: Profile) -> bool:
    """Whether one title says not to do what the other one begins with, as "Don't cache x" and "Cache x" do."""
    for opening in ("don t ", "dont ", "do not ", "never ", "stop "):
        if a.key.startswith(opening):
            return b.key[:1] != "" and a.key[len(opening) :].split()[:1] == b.key.split()[:1]
    return False


def _after(told: list[Word]) -> tuple[int, int]:
    """The position and the sentence that follow some words."""
    return (told[-1].at + 1, told[-1].sentence + 1) if told else (0, 0)


def _tells(word: Word) -> bool:
    return len(word.text) > 1 and word.text not in _IDLE and word.text not in NEGATIONS


def _stems(told: list[Word]) -> frozenset[str]:
    """The stems of words that tell something; numbers and units do not."""
    return frozenset(stem(word.text) for word in told if _tells(word) and word.text not in _UNITS)


_IDLE = frozenset(
    "the a an and or of to in on at for from by with as is are be been was were it its this that these those there"
    " which when while if then than so such can may could should would will must does do did has have had not any"
    " all each every into over under out up down off via per only just also even very more most less least other"
    " another same own both use uses used using add adds set sets make makes get gets here where what who how why"
    " because since after before der die das und oder ein eine einen wird werden ist sind im in mit von zu auf den"
    " dem des le la les un une des et est el los las una y en se que de du au aux".split()
)
ASPECTS = frozenset(
    (
        "missing tests",
        "missing documentation",
        "misleading name",
        "missing logs",
        "missing metrics",
        "missing translation",
    )
)
"""Topics that are about another thing than the code beside them: that a check lacks tests is not that it is lacking."""
_UNITS = frozenset("kb mb gb ms sec min kib mib gib px rem".split())
_POLES = (
    (
        frozenset("raise increase extend lengthen widen longer larger higher bigger enlarge more".split()),
        frozenset("lower reduce decrease shorten narrow shrink cut shorter smaller fewer less oversized".split()),
    ),
    (
        frozenset("split extract separate finer divide".split()),
        frozenset("merge inline combine single".split()),
    ),
)
_MORE = frozenset(
    "add introduce enable increase raise lengthen extend extract create use retry allow reenable require wrap need"
    " needs prefer".split()
)
_FEWER = frozenset(
    "remove drop delete inline disable reduce lower shorten avoid redundant unnecessary needless superfluous excessive"
    " stop decrease unneeded useless pointless premature overkill".split()
)


_DENIALS = frozenset(("don", "not", "never"))
_LITTLE = frozenset("low few short small little narrow rare seldom tight".split())
_SIZES = _LITTLE | frozenset(
    "high many long large much big wide often loose frequent strict aggressive complex early".split()
)


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
