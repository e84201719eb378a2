"""The sentences of somebody who books a ticket: cities that a verb makes the departure or the arrival, and a date.

The verb stands before the city in part of the sentences ("我一月一号去郑州") and behind it in the others
("郑州我一月一号离开"), where nothing before the city tells which of the two it is. Every sentence comes with its
twin, in which arrival and departure have changed places: whatever a city's name is, it is as often the one as the
other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

ARRIVAL, DEPARTURE, DATE = "arrival", "departure", "date"
ROLES = (ARRIVAL, DEPARTURE)
STRANGE = 0.4
"""The share of an invented name's parts that are of no other name."""


class Piece(NamedTuple):
    """Words that belong together, and what they are: a slot's type, or "" for all others."""

    words: tuple[str, ...]
    type: str = ""


class Grammar(NamedTuple):
    """The sentences of a language; words with blanks between, and in braces what is drawn."""

    places: tuple[str, ...]
    verbs: tuple[tuple[str, str], ...]  # of arrival and of departure
    before: tuple[str, ...]  # the verb before the city
    behind: tuple[str, ...]
    two_before: tuple[str, ...]  # two cities: the one of verb1 is city1
    two_behind: tuple[str, ...]
    days: tuple[str, ...]
    months: tuple[str, ...]
    numbers: tuple[str, ...]  # of the days of a month


_CHINESE_CITIES = """
北京 上海 天津 重庆 郑州 广州 深圳 成都 杭州 武汉 西安 南京 苏州 长沙 青岛
沈阳 大连 宁波 无锡 厦门 福州 济南 合肥 昆明 南宁 贵阳 南昌 太原 长春 兰州
海口 西宁 银川 拉萨 温州 泉州 常州 徐州 扬州 绍兴 嘉兴 金华 台州 湖州 芜湖
蚌埠 安庆 黄山 洛阳 开封 安阳 新乡 南阳 信阳 襄阳 宜昌 荆州 岳阳 常德 衡阳
株洲 湘潭 桂林 柳州 北海 三亚 珠海 佛山 东莞 汕头 湛江 惠州 中山 绵阳 乐山
宜宾 遵义 大理 丽江 曲靖 宝鸡 咸阳 延安 汉中 天水 敦煌 大同 临汾 唐山 保定
邯郸 沧州 承德 吉林 延吉 丹东 锦州 抚顺 烟台 威海 潍坊 临沂 淄博 泰安 日照
赣州 九江 上饶 莆田 漳州 龙岩 包头 赤峰 喀什 伊宁 石家庄 哈尔滨 秦皇岛 张家口
牡丹江 佳木斯 马鞍山 景德镇 平顶山 三门峡 驻马店 连云港 张家界 攀枝花 六盘水
嘉峪关 葫芦岛 防城港 双鸭山 七台河 吐鲁番 阿克苏 呼和浩特 乌鲁木齐 齐齐哈尔
鄂尔多斯 巴彦淖尔 呼伦贝尔 克拉玛依 锡林浩特 乌兰察布 西双版纳 二连浩特 霍尔果斯
"""
_ENGLISH_CITIES = """\
Boston, New York, Chicago, Denver, Seattle, Los Angeles, San Francisco, Dallas, Houston, Miami, Atlanta,
Philadelphia, Phoenix, Portland, Salt Lake City, Las Vegas, Detroit, Austin, London, Paris, Berlin, Madrid,
Rome, Vienna, Prague, Oslo, Dublin, Lisbon, Athens, Tokyo, Osaka, Beijing, Shanghai, Hong Kong, Singapore, New
Delhi, Cairo, Cape Town, Sydney, Toronto, Mexico City, Rio de Janeiro, Buenos Aires, Santiago de Chile, Tel
Aviv, Zurich"""
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TENS = ("", "十", "二十", "三十")
_ONES = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九")
_CHINESE = tuple(_TENS[n // 10] + _ONES[n % 10] for n in range(1, 32))
_ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
_ENGLISH = tuple(f"{n}{_ENDINGS.get(n, 'th')}" for n in range(1, 32))

GRAMMARS = {
    "zh": Grammar(
        places=tuple(_CHINESE_CITIES.split()),
        verbs=(("去", "离开"), ("前往", "告别"), ("到达", "飞离")),
        before=(
            "我 {date} {verb1} {city1}",
            "{date} 我 想 {verb1} {city1}",
            "我 要 {verb1} {city1} ， 请 订 {date} 的 票",
            "请 帮 我 订 {date} {verb1} {city1} 的 票",
        ),
        behind=(
            "{city1} 我 {date} {verb1}",
            "{city1} 这个 城市 我 {date} 想 {verb1}",
            "{date} {city1} 我 要 {verb1}",
            "{city1} 是 我 {date} 要 {verb1} 的 地方",
        ),
        two_before=("我 {date} {verb1} {city1} {verb2} {city2}", "{date} 我 要 {verb1} {city1} ， 再 {verb2} {city2}"),
        two_behind=(
            "{city1} 和 {city2} ， 我 {date} {verb1} 前者 ， {verb2} 后者",
            "{date} {city1} 我 {verb1} ， {city2} 我 {verb2}",
        ),
        days=("今天", "明天", "后天", "大后天",
              *(f"{week}{day}" for week in ("周", "下周") for day in "一二三四五六日")),
        months=tuple(f"{number}月" for number in _CHINESE[:12]),
        numbers=tuple(f"{number}号" for number in _CHINESE),
    ),
    "en": Grammar(
        places=tuple(_ENGLISH_CITIES.replace("\n", " ").split(", ")),
        verbs=(("go to", "leave"), ("fly to", "depart from"), ("arrive in", "fly out of")),
        before=(
            "I {verb1} {city1} {date}",
            "{date} I want to {verb1} {city1}",
            "book me a ticket : I {verb1} {city1} {date}",
            "I have to {verb1} {city1} , please find a flight {date}",
        ),
        behind=(
            "{city1} is the city that I {verb1} {date}",
            "{date} {city1} is the place I want to {verb1}",
            "{city1} it is that I have to {verb1} {date}",
            "it is {city1} that we {verb1} {date}",
        ),
        two_before=("I {verb1} {city1} and {verb2} {city2} {date}", "{date} we {verb1} {city1} , then {verb2} {city2}"),
        two_behind=(
            "of {city1} and {city2} I {verb1} the first and {verb2} the second {date}",
            "{city1} and {city2} are the cities that I {verb1} and {verb2} {date}",
        ),
        days=(
            "today", "tomorrow", "the day after tomorrow",
            *(f"{week} {day}" for week in ("this", "next") for day in
              ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")),
        ),
        months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                "November", "December"),
        numbers=_ENGLISH,
    ),
}  # fmt: skip


class Choices(NamedTuple):
    """How sentences are drawn.

    places: the cities.
    invented: the share of cities with names drawn anew, of parts of these (characters in Chinese, else words) and of
        parts that hardly occur twice.
    forbidden: names that no invented one has in it.
    behind: the share of sentences whose verb stands behind the city.
    two: the share with two cities, one of departure and one of arrival.
    undated: the share without a date.
    """

    places: tuple[str, ...]
    behind: float
    two: float
    undated: float
    invented: float = 0.0
    forbidden: tuple[str, ...] = ()


def draw_twins(grammar: Grammar, choices: Choices, random: np.random.RandomState) -> tuple[list[Piece], list[Piece]]:
    """A sentence, and the same with arrival and departure changed."""
    two, behind = random.rand() < choices.two, random.rand() < choices.behind
    if two:
        templates = grammar.two_behind if behind else grammar.two_before
    else:
        templates = grammar.behind if behind else grammar.before
    template = templates[random.randint(len(templates))]
    city = random.randint(len(choices.places))
    other_city = city - 1 - random.randint(len(choices.places) - 1)
    cities = [choices.places[city], choices.places[other_city]]
    if choices.invented:
        cities = [_invented(choices, random) if random.rand() < choices.invented else name for name in cities]
    verbs = [grammar.verbs[i] for i in random.randint(len(grammar.verbs), size=2)]
    date = _date(grammar, random) if random.rand() >= choices.undated else ()
    first = random.randint(2)
    one, other = (_filled(template, cities, verbs, date, role) for role in (first, 1 - first))
    return one, other


def _invented(choices: Choices, random: np.random.RandomState) -> str:
    """A name of as many parts as one of the cities has, most of them parts of the cities' names."""
    joined = " " if any(" " in place for place in choices.places) else ""
    while True:
        length = len(_parts(choices.places[random.randint(len(choices.places))], joined))
        drawn = [_parts(choices.places[i], joined) for i in random.randint(len(choices.places), size=length)]
        name = joined.join(
            _strange(random, joined) if random.rand() < STRANGE else parts[random.randint(len(parts))]
            for parts in drawn
        )
        if name not in choices.places and not any(other in name for other in choices.forbidden):
            return name


def _strange(random: np.random.RandomState, joined: str) -> str:
    """A character of Chinese, or five letters, of which there are so many that one hardly ever comes again."""
    if joined:
        return "".join(chr(ord("a") + i) for i in random.randint(26, size=5)).capitalize()
    return chr(random.randint(0x4E00, 0x9FA6))


def _parts(name: str, joined: str) -> list[str]:
    return name.split(joined) if joined else list(name)


def _date(grammar: Grammar, random: np.random.RandomState) -> tuple[str, ...]:
    if random.rand() < 0.3:
        return tuple(grammar.days[random.randint(len(grammar.days))].split())
    month = random.randint(12)
    number = random.randint(_DAYS[month])
    return grammar.months[month], grammar.numbers[number]


def _filled(
    template: str, cities: list[str], verbs: list[tuple[str, str]], date: tuple[str, ...], role: int
) -> list[Piece]:
    """The template with the first city in this role, a second one in the other."""
    roles = (role, 1 - role)
    filled = {"{date}": Piece(date, DATE)}
    for i, (city, verb) in enumerate(zip(cities, verbs, strict=True)):
        filled[f"{{city{i + 1}}}"] = Piece(tuple(city.split()), ROLES[roles[i]])
        filled[f"{{verb{i + 1}}}"] = Piece(tuple(verb[roles[i]].split()))
    pieces = [filled.get(part, Piece((part,))) for part in template.split()]
    return [piece for piece in pieces if piece.words]
