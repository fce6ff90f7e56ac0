"""Jinja2: a page with inheritance, loops, macros and filters, compiled once, rendered often."""

from zlib import crc32

from jinja2 import DictLoader, Environment

TEMPLATES = {
    "base.html": """<!DOCTYPE html>
<html><head><title>{% block title %}Shop{% endblock %}</title></head>
<body>{% block body %}{% endblock %}
<footer>{{ links|join(" · ", attribute="name")|upper }}</footer></body></html>
""",
    "macros.html": """{% macro price(cents, currency="EUR") -%}
{{ "%d.%02d"|format(cents // 100, cents % 100) }} {{ currency }}{%- endmacro %}
{% macro row(product, odd) -%}
<tr class="{{ 'odd' if odd else 'even' }}"><td>{{ product.name|title }}</td>
<td>{{ price(product.cents) }}</td><td>{{ product.tags|sort|join(", ")|default("none", true) }}</td></tr>
{%- endmacro %}""",
    "list.html": """{% extends "base.html" %}{% import "macros.html" as m %}
{% block title %}{{ super() }}: {{ products|length }} products{% endblock %}
{% block body %}<table>{% for product in products if product.cents > 500 %}
{{ m.row(product, loop.index is odd) }}{% if loop.last %}<!-- {{ loop.index }} -->{% endif %}
{%- else %}<tr><td>nothing</td></tr>{% endfor %}</table>
{% set ns = namespace(total=0) %}{% for p in products %}{% set ns.total = ns.total + p.cents %}{% endfor %}
<p>{{ m.price(ns.total) }}; {{ products|map(attribute="name")|first }} &amp; {{ note }}</p>{% endblock %}""",
}

environment = Environment(loader=DictLoader(TEMPLATES), autoescape=True)


class Product:
    def __init__(self, number):
        self.name = f"product <{number}> of {number % 7}"
        self.cents = number * 137 % 5000
        self.tags = [f"t{number % k}" for k in (3, 5)] if number % 4 else []


PRODUCTS = [Product(number) for number in range(120)]
LINKS = [{"name": name} for name in ("home", "about", "imprint")]


def run():
    template = environment.get_template("list.html")
    text = ""
    for n in range(8):
        text = template.render(products=PRODUCTS[n:], links=LINKS, note=f"<{n}>")
    return len(text), crc32(text.encode())


EXPECTED = (9106, 2411424390)
