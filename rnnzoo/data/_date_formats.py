"""How people write dates: in seven languages, with words and with numbers, in every order; no writing means two dates.

A slash goes with the month first, a dot with the day first, a hyphen with the year first. Years of two digits are of
1950 to 2049.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

Format = Callable[[date], str]


def _names(written: str) -> list[str]:
    return written.split()


_EN = _names("January February March April May June July August September October November December")
_DE = _names("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
_FR = _names("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
_ES = _names("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
_RU = _names("января февраля марта апреля мая июня июля августа сентября октября ноября декабря")
_AR = _names("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر")
_EN_DAYS = _names("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_DE_DAYS = _names("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag")
_FR_DAYS = _names("lundi mardi mercredi jeudi vendredi samedi dimanche")
_ES_DAYS = _names("lunes martes miércoles jueves viernes sábado domingo")
_ZH_DAYS = "一二三四五六日"
_DIGITS = "0123456789", "〇一二三四五六七八九", "٠١٢٣٤٥٦٧٨٩"
_ZH_DIGITS, _AR_DIGITS = str.maketrans(_DIGITS[0], _DIGITS[1]), str.maketrans(_DIGITS[0], _DIGITS[2])


def _ordinal(day: int) -> str:
    ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def chinese_number(number: int) -> str:
    """A number from 1 to 31 in Chinese characters."""
    tens, ones = divmod(number, 10)
    ten = "" if not tens else "十" if tens == 1 else f"{str(tens).translate(_ZH_DIGITS)}十"
    return ten + (str(ones).translate(_ZH_DIGITS) if ones else "")


FORMATS: dict[str, tuple[Format, ...]] = {
    "en": (
        lambda d: f"{_EN[d.month - 1]} {d.day}, {d.year}",
        lambda d: f"{d.day} {_EN[d.month - 1]} {d.year}",
        lambda d: f"{_EN_DAYS[d.weekday()]}, {_EN[d.month - 1]} {_ordinal(d.day)}, {d.year}",
        lambda d: f"the {_ordinal(d.day)} of {_EN[d.month - 1]}, {d.year}",
        lambda d: f"{_EN_DAYS[d.weekday()][:3]} {d.day} {_EN[d.month - 1][:3]} '{d.year % 100:02d}",
        lambda d: f"{_EN[d.month - 1][:3].upper()} {d.day:02d} {d.year}",
        lambda d: f"{d.month}/{d.day}/{d.year}",
        lambda d: f"{d.month:02d}/{d.day:02d}/{d.year % 100:02d}",
        lambda d: f"{d.day:02d}-{_EN[d.month - 1][:3]}-{d.year}",
    ),
    "de": (
        lambda d: f"{d.day}. {_DE[d.month - 1]} {d.year}",
        lambda d: f"{_DE_DAYS[d.weekday()]}, den {d.day}. {_DE[d.month - 1]} {d.year}",
        lambda d: f"{d.day:02d}.{d.month:02d}.{d.year}",
        lambda d: f"{d.day}.{d.month}.{d.year % 100:02d}",
    ),
    "fr": (
        lambda d: f"{'1er' if d.day == 1 else d.day} {_FR[d.month - 1]} {d.year}",
        lambda d: f"le {_FR_DAYS[d.weekday()]} {'1er' if d.day == 1 else d.day} {_FR[d.month - 1]} {d.year}",
    ),
    "es": (
        lambda d: f"{d.day} de {_ES[d.month - 1]} de {d.year}",
        lambda d: f"{_ES_DAYS[d.weekday()]} {d.day} de {_ES[d.month - 1]} de {d.year}",
    ),
    "ru": (lambda d: f"{d.day} {_RU[d.month - 1]} {d.year} г.",),
    "ar": (
        lambda d: f"{d.day} {_AR[d.month - 1]} {d.year}",
        lambda d: f"{d.day} {_AR[d.month - 1]} {d.year}".translate(_AR_DIGITS),
    ),
    "zh": (
        lambda d: f"{d.year}年{d.month}月{d.day}日",
        lambda d: f"{d.year}年{d.month}月{d.day}日星期{_ZH_DAYS[d.weekday()]}",
        lambda d: f"{str(d.year).translate(_ZH_DIGITS)}年{chinese_number(d.month)}月{chinese_number(d.day)}日",
    ),
    "numbers": (
        lambda d: f"{d.year}-{d.month}-{d.day}",
        lambda d: f"{d.year}{d.month:02d}{d.day:02d}",
    ),
}
"""By language; "numbers" are of none."""


@cache
def written_characters() -> tuple[str, ...]:
    """Every character, but the space, that a date can have in any language, sorted."""
    days = [date(2000, 1, 1) + timedelta(days=number) for number in range(366)]
    written = {one for formats in FORMATS.values() for form in formats for day in days for one in form(day)}
    return tuple(sorted(written.union(*_DIGITS) - {" "}))
