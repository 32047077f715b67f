"""Short headings of what stands in a statistic, in both languages: measures, bases, cuts. For tables, files and charts."""

from __future__ import annotations

_MEASURES = {
    "deals": ("合同项数", "Deals"),
    "total_amount": ("成交额", "Contract amount"),
    "tech_amount": ("技术交易额", "Technology amount"),
    "tech_income": ("技术性收入", "Technical income"),
}
_BASES = {
    "involved": ("涉及", "involved"),
    "output": ("输出", "output"),
    "absorbed": ("吸纳", "absorbed"),
    "internal": ("区内", "internal"),
    "registered": ("认定登记", "registered"),
}
_CUTS = {
    "province": ("省（区、市）", "province"),
    "league": ("盟市", "league"),
    "banner": ("旗县（市、区）", "banner"),
    "origin": ("区内外", "origin"),
    "nature": ("性质", "nature"),
    "nature_class": ("性质大类", "class of nature"),
    "contract_type": ("合同类别", "contract type"),
    "contract_subtype": ("合同细类", "contract sub-type"),
    "field": ("技术领域", "technology field"),
    "field_hightech": ("高新技术领域", "high-tech field"),
    "field_region": ("自治区重点领域", "regional priority field"),
    "ip_type": ("知识产权类型", "IP type"),
    "plan_source": ("计划来源", "plan source"),
    "served_industry": ("服务的国民经济行业门类", "served industry: section"),
    "served_industry_division": ("服务的国民经济行业大类", "served industry: division"),
    "served_industry_group": ("服务的国民经济行业中类", "served industry: group"),
    "served_industry_class": ("服务的国民经济行业小类", "served industry: class"),
    "socio_economic_objective": ("社会经济目标", "socio-economic objective"),
    "payment_mode": ("支付方式", "payment mode"),
    "office": ("登记机构", "office"),
    "registration": ("登记地", "registered here or elsewhere"),
    "linked_demand": ("关联需求", "linked to a demand"),
    "linked_achievement": ("关联成果", "linked to an achievement"),
    "size_class": ("金额规模（万元）", "size class (10,000 yuan)"),
    "month": ("月", "month"),
    "quarter": ("季度", "quarter"),
    "half_year": ("半年", "half-year"),
    "year": ("年", "year"),
    "year_to_date": ("年初至今", "year to date"),
}
_SIDES = {"seller": ("卖方", "seller: "), "buyer": ("买方", "buyer: ")}


def measure_heading(name: str, language: str) -> str:
    """The name of a measure."""
    return _MEASURES[name][language != "zh"]


def basis_heading(name: str, language: str) -> str:
    """The name of a basis."""
    return _BASES[name][language != "zh"]


def cut_heading(name: str, language: str) -> str:
    """The name of a cut."""
    side, _, rest = name.partition("_")
    of = _SIDES[side][language != "zh"] if side in _SIDES else ""
    return of + _CUTS[rest if of else name][language != "zh"]
