"""The words of an answer in Chinese and English: what was counted and how, and the names of keys.

Whoever changes what a figure means, or these words, raises `DEFINITION_VERSION`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from market.fields.queries import CodeLists, catalogue, code_lists
from market.organisations.queries import by_ids
from market.places.queries import Places, tree
from market.statistics.ledger import ABROAD, ELSEWHERE, HK_MO_TW, UNSPECIFIED
from market.statistics.question import DIMENSIONS, INDUSTRY_LETTERS, Question
from market.store.session import Unit

DEFINITION_VERSION = 5

_BASES = {
    "zh": {
        "involved": "卖方或买方位于{region}的技术合同（涉及），每份只计一次，含在外地登记、在此备案的合同",
        "output": "卖方位于{region}的技术合同（输出技术），含在外地登记、在此备案的合同",
        "absorbed": "买方位于{region}的技术合同（吸纳技术），含在外地登记、在此备案的合同",
        "internal": "买卖双方均位于{region}的技术合同（区内），含在外地登记、在此备案的合同",
        "registered": "由{region}的登记机构认定登记的技术合同，不含在外地登记的合同",
    },
    "en": {
        "involved": "Technology contracts whose seller or buyer, or both, lie in {region} (涉及), each counted once, "
        "including contracts registered elsewhere and recorded here",
        "output": "Technology contracts whose seller lies in {region} (输出), including contracts registered elsewhere "
        "and recorded here",
        "absorbed": "Technology contracts whose buyer lies in {region} (吸纳), including contracts registered elsewhere "
        "and recorded here",
        "internal": "Technology contracts whose seller and buyer both lie in {region} (区内), including contracts "
        "registered elsewhere and recorded here",
        "registered": "Technology contracts registered by an office of {region} (认定登记), without contracts registered "
        "elsewhere",
    },
}
_RULES = {
    "zh": (
        "{basis}；按登记日期（北京时间）归入统计期。deals 为项数，total_amount 为成交额（合同总金额），tech_amount 为其中的"
        "技术交易额，tech_income 为履行后至今核定的技术性收入（同样计入合同登记的统计期），单位为元。"
        "合同变更后以新内容计入原统计期，注销、撤销的从原统计期冲回，因此过去各期的数字会重新列报。"
    ),
    "en": (
        "{basis}; counted in the period of the date of registration (Asia/Shanghai). deals: number of contracts; "
        "total_amount: contract amount; tech_amount: the technology part of it; tech_income: the technical income approved so "
        "far on performance, in the same period; all amounts in yuan. A changed contract counts with its new content in its "
        "first period, a cancelled or revoked one is taken back from it, so past periods are restated."
    ),
}
_ELSEWHERE_ONLY = {
    "zh": "该地区不属于{home}，此处只含本登记系统已知的合同（涉及{home}的），并非其全部合同。",
    "en": "This region lies outside {home}: only the contracts known to this register, those that involve {home}, are counted, "
    "not all of the region's.",
}
_OVERLAPS = {
    "zh": {
        "league": "各组按合同所涉及的盟市（旗县）归集：两地之间的合同在两地各计一次",
        "province": "各组按买卖双方所在省份归集：跨省合同在两省各计一次",
        "field": "在其他分类体系中有多个对应领域的合同在各领域各计一次",
        "year_to_date": "year_to_date 为自当年一月起的累计，合同计入登记当月及统计期内当年其后各月",
    },
    "en": {
        "league": "groups are by the league or banner involved: a deal between two of them stands in both",
        "province": "groups are by the provinces of seller and buyer: a deal between two of them stands in both",
        "field": "a deal with several fields in another scheme stands in each",
        "year_to_date": "a year to date is cumulative from January: a deal stands in its month and every later one of the year "
        "within the period",
    },
}
_ADDED_UP = {
    "zh": "{causes}；在合计中只计一次，因此各组之和等于 totals 加 overlap。",
    "en": "Mind that {causes}, but once in the totals, so the groups add up to totals plus overlap.",
}
_BY_CROSSWALK = {
    "zh": "其他分类体系的领域由合同登记领域经对照表得出，只取相同、相近或上位的领域；没有对应的列为 unspecified。",
    "en": "Fields of another scheme are found from the contract's field by cross-walk, where it is the same, close or broader; "
    "what has none is unspecified.",
}
_UNEQUAL = {
    "zh": "对比期有 {before} 个月，本期有 {now} 个月，不可比，故不计算增长率。",
    "en": "The period compared with has {before} months, this one {now}: they are not alike, so no growth is told.",
}
_TO_DATE = {
    "zh": "截至该时点所问期间或对比期（{asked}）尚未结束，两期均只计至同一个已结束的月份：{now} 对 {before}。",
    "en": "The period asked of ({asked}) or the one compared with was not over then, so both are counted up to the last month "
    "that was: {now} against {before}.",
}
_SIZES_ARE_OURS = {
    "zh": "金额档（size_class）按合同总金额划分，单位万元，含下限、不含上限，为本系统自定，并无规定。",
    "en": "Size classes are by contract amount in 10,000 yuan, lower bound included, upper bound not; they are this system's "
    "own, no regulation's.",
}
_SUPPRESSED = {
    "zh": "合同数为 1 至 {most} 的单元只公布项数，不公布金额（suppressed）；凡与已公布金额相加减即可推出此类金额的其他单元，"
    "其金额也不公布。过细而无法核定的统计表不公布任何金额。",
    "en": "Cells of 1 to {most} contracts show their count but no amount (suppressed), and neither do further cells from which "
    "such an amount could be worked out by adding and subtracting. A table too fine to be weighed shows no amount.",
}
_SYNTHETIC = {
    "zh": "演示数据：所有合同均为虚构。仅全区年度合计（输出、吸纳；2017、2018 年另有区内、涉及）与已公布数字拟合；"
    "2018 年以后的区内与涉及，以及盟市、类别、领域、月份等更细的数字均为虚构。",
    "en": "Demonstration data: every contract is invented. Only the region's yearly totals of output and absorbed (for 2017 and "
    "2018 also of internal and involved) were fitted to published figures; internal and involved after 2018 and everything "
    "finer (leagues, types, fields, months …) are invented.",
}
_BUCKETS = {
    "zh": {HK_MO_TW: "港澳台", ABROAD: "境外", UNSPECIFIED: "未注明", ELSEWHERE: "外地登记机构"},
    "en": {
        HK_MO_TW: "Hong Kong, Macao and Taiwan",
        ABROAD: "Abroad",
        UNSPECIFIED: "Unspecified",
        ELSEWHERE: "An office elsewhere",
    },
}
_ELSEWHERE_REGISTERED = {"zh": "外地登记", "en": "Registered elsewhere"}
_CHOICES = {
    "zh": {
        "home_region": "本地区",
        "elsewhere_in_china": "国内其他地区",
        "here": "本地登记",
        "yes": "是",
        "no": "否",
        "00000-00010": "10万元以下",
        "00010-00100": "10万元至100万元",
        "00100-01000": "100万元至1000万元",
        "01000-10000": "1000万元至1亿元",
        "10000-": "1亿元及以上",
    },
    "en": {
        "home_region": "The home region",
        "elsewhere_in_china": "Elsewhere in China",
        "here": "Registered here",
        "yes": "Yes",
        "no": "No",
        "00000-00010": "Under 100,000 yuan",
        "00010-00100": "100,000 to under 1 million yuan",
        "00100-01000": "1 to under 10 million yuan",
        "01000-10000": "10 to under 100 million yuan",
        "10000-": "100 million yuan and more",
    },
}
_ONLY = {"zh": "{name}（下级未注明）", "en": "{name}, no further detail"}


def definition(unit: Unit, question: Question, language: str, floor: int) -> str:
    """What the figures count, in words. Cells below `floor` contracts are suppressed."""
    basis = _BASES[language][question.basis].format(region=region_name(unit, question.region, language))
    sentences = [_RULES[language].format(basis=basis)]
    home = unit.database.home_region()
    if not tree(unit).within(question.region, home):
        sentences.append(_ELSEWHERE_ONLY[language].format(home=region_name(unit, home, language)))
    if question.walks:
        sentences.append(_BY_CROSSWALK[language])
    causes = [words for cut, words in _OVERLAPS[language].items() if _overlaps(question, cut)]
    if causes:
        sentences.append(_ADDED_UP[language].format(causes=("；" if language == "zh" else "; ").join(causes)))
    if "size_class" in question.names:
        sentences.append(_SIZES_ARE_OURS[language])
    if question.asked:
        words = _TO_DATE[language]
        sentences.append(words.format(asked=question.asked, now=question.period, before=question.against))
    if question.against and not question.like:
        sentences.append(_UNEQUAL[language].format(before=question.against.length, now=question.period.length))
    if floor > 1:
        sentences.append(_SUPPRESSED[language].format(most=floor - 1))
    return ("" if language == "zh" else " ").join(sentences)


def _overlaps(question: Question, cause: str) -> bool:
    """Does a cut of this kind let one contract stand in several groups?"""
    if cause == "league":
        return question.two_sided
    return any(DIMENSIONS[name].folded and name.startswith(cause) for name in question.by)


def synthetic_note(unit: Unit, language: str) -> str | None:
    """What was fitted and what is invented in a demonstration database; None in a real one."""
    return _SYNTHETIC[language] if unit.database.is_demo() else None


def region_name(unit: Unit, code: str, language: str) -> str:
    """The name of a place."""
    place = tree(unit).find(code)
    return code if place is None else place.label(language)


def labels(unit: Unit, question: Question, language: str, keys: Iterable[tuple[str, ...]]) -> list[dict[str, str]]:
    """For each key its parts' names."""
    columns = [set(column) for column in zip(*keys, strict=True)]
    names = [
        _names(unit, question, dimension, language, column)
        for dimension, column in zip(question.by, columns, strict=False)
    ]
    return [
        {dimension: known[part] for dimension, known, part in zip(question.by, names, key, strict=True)} for key in keys
    ]


def _names(unit: Unit, question: Question, name: str, language: str, codes: set[str]) -> dict[str, str]:
    dimension, buckets = DIMENSIONS[name], _BUCKETS[language]
    label: Callable[[str], str]
    if name == "registration":
        buckets = {**buckets, ELSEWHERE: _ELSEWHERE_REGISTERED[language]}
    if dimension.kind == "place":
        places = tree(unit)
        label = lambda code: _place_name(places, question.view, dimension.of, language, code)  # noqa: E731
    elif dimension.kind == "field":
        fields = catalogue(unit)
        label = lambda tag: found.label(language) if (found := fields.find(tag)) else tag  # noqa: E731
    elif dimension.kind == "office":
        offices = by_ids(unit, codes - {ELSEWHERE})
        label = lambda office: offices[office]["name"]  # noqa: E731
    elif dimension.kind == "time":
        label = str
    elif dimension.kind == "choice":
        label = _CHOICES[language].__getitem__
    elif dimension.kind == "industry":
        lists = code_lists(unit)
        label = lambda code: _industry_name(lists, dimension.of, language, code)  # noqa: E731
    else:
        lists = code_lists(unit)
        label = lambda code: lists.label(dimension.of, code, language)  # noqa: E731
    return {code: buckets[code] if code in buckets else label(code) for code in codes}


def _industry_name(lists: CodeLists, level: str, language: str, code: str) -> str:
    name = lists.label("industry", code, language)
    return name if len(code) == INDUSTRY_LETTERS[level] else _ONLY[language].format(name=name)


def _place_name(places: Places, view: str, level: str, language: str, code: str) -> str:
    place = places.find(code)
    if place is None:
        return code
    coarse = {"league": place.level == "province", "banner": place.level != "county"}.get(level, False)
    if coarse and places.within(code, view):
        return _ONLY[language].format(name=place.label(language))
    return place.label(language)
