"""Panels and their queries. Tables are in `tables`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeNamePlacement,
    BarGaugeSizing,
    BarGaugeValueMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, FieldColorModeId
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.src.looks import DASHES, MESSAGES, NEUTRAL, NOTHING, PLAIN, Look, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
NO_DATA = "No data for the selected variables"
FULL = 24
# Of axes where there is nothing but 0; of others it is 1.
SHORTEST = {"s": 0.1}
# Of lines and timelines: as many as can be seen. Fewer for the highest of many subnets (`queries.greatest`), as each
# point is read of all of them (`make bench-dashboards`).
MAX_POINTS, FEW_POINTS = 200, 50
REFS = "ABCDEFGHIJKLMNOP"
Panel = TypeVar("Panel", bargauge.Panel, stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)


@dataclass(frozen=True)
class Words:
    """Texts of a panel.

    Attributes:
        no_data: the reason why the panel may be empty.
    """

    title: str
    description: str
    no_data: str = NO_DATA


@dataclass(frozen=True)
class Query:
    """One query.

    Attributes:
        legend: a template for the name of each of its series.
        look: of a number beside others with another look.
    """

    expression: str
    legend: str = ""
    look: Look | None = None


def target(query: Query, ref: str) -> prometheus.Dataquery:
    """Return a query as the SDK represents it."""
    data_query = prometheus.Dataquery().ref_id(ref).datasource(DATASOURCE).expr(query.expression)
    return data_query.legend_format(query.legend) if query.legend else data_query


def dressed(panel: Panel, words: Words, look: Look, width: int, height: int) -> Panel:
    """Set the options that all panels have."""
    panel.title(words.title).description(words.description).no_value(words.no_data)
    panel.datasource(DATASOURCE).span(width).height(height)
    panel.unit(look.unit).thresholds(look.thresholds()).mappings([*look.mappings()])
    if look.span:
        panel.min(look.span[0]).max(look.span[1])
    return panel


@dataclass(frozen=True)
class Stat:
    """A number of the first row.

    Attributes:
        queries: one, or several with legends, whose values stand below each other.
        link: where a click leads, to what explains the number.
    """

    words: Words
    queries: Sequence[Query]
    look: Look
    link: str


def stat_row(stats: Sequence[Stat]) -> list[stat.Panel]:
    """Return the first row of a dashboard: six to eight numbers, the most important one first and widest."""
    width = FULL // len(stats)
    widths = [FULL - width * (len(stats) - 1), *[width] * (len(stats) - 1)]
    return [stat_of(one.words, one.queries, one.look, wide, one.link) for one, wide in zip(stats, widths, strict=True)]


def stat_of(
    words: Words, queries: str | Sequence[Query], look: Look = PLAIN, width: int = 4, link: str = ""
) -> stat.Panel:
    """Return a panel with one number, or with some below each other."""
    panel = dressed(stat.Panel(), words, look, width, 4)
    several = [Query(queries)] if isinstance(queries, str) else queries
    # A sentence would be too small to read.
    panel.description(f"{words.description} {NOTHING} for: {words.no_data}.")
    panel.mappings([*look.mappings(), unknown(NEUTRAL)])
    for query, ref in zip(several, REFS, strict=False):
        panel.with_target(target(query, ref).instant())
        if query.look:
            panel.override_by_query(ref, [DynamicConfigValue("thresholds", query.look.thresholds().build())])
    panel.reduce_options(_last()).color_mode(BigValueColorMode.BACKGROUND_SOLID).graph_mode(BigValueGraphMode.NONE)
    _round(panel, look)
    named = any(query.legend for query in several)
    panel.text_mode(BigValueTextMode.VALUE_AND_NAME if named else BigValueTextMode.VALUE)
    panel.orientation(VizOrientation.HORIZONTAL if named else VizOrientation.AUTO)
    if named:
        # Else the letters of three numbers would be too small to read.
        panel.text(common.VizTextDisplayOptions().title_size(14).value_size(18))
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    return panel.data_links([DashboardLink("Details").url(link)]) if link else panel


def _round(panel: bargauge.Panel | stat.Panel, look: Look) -> None:
    if look.decimals is not None:
        panel.decimals(look.decimals)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def lines(  # noqa: PLR0913 - what differs from panel to panel
    words: Words,
    queries: Sequence[Query],
    look: Look = PLAIN,
    width: int = 12,
    *,
    height: int = 8,
    stacked: bool = False,
    by_message: bool = False,
) -> timeseries.Panel:
    """Return the course of values; thresholds are drawn as dashed lines.

    Stacked values add up to a total; the query has to leave out what is 0 all the time (`queries.ever`). Series that
    are named after types of messages have the colours of these.
    """
    panel = dressed(timeseries.Panel(), words, look, width, height)
    for query, ref in zip(queries, REFS, strict=False):
        panel.with_target(target(query, ref).range())
    of_many = any("topk(" in query.expression for query in queries)
    panel.max_data_points(FEW_POINTS if of_many else MAX_POINTS)
    _distinguish(panel, len(queries))
    if by_message:
        for message, colour in MESSAGES.items():
            panel.override_by_name(message, [DynamicConfigValue("color", _fixed(colour))])
    panel.line_width(2).fill_opacity(30 if stacked else 0).show_points(VisibilityMode.AUTO)
    panel.legend(_legend(width)).tooltip(
        common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    if look.steps:
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    if not look.span:
        panel.axis_soft_min(0)
    if not look.span and not look.is_falling:
        # Else the axis would end at 100, which is 10,000 %, where all values are 0.
        panel.axis_soft_max(max((value for value, _ in look.steps), default=SHORTEST.get(look.unit, 1)))
    return panel


def _distinguish(panel: timeseries.Panel, queries: int) -> None:
    """Draw the lines of each query in a way of its own. Purple would come with the seventh line of a panel only."""
    panel.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    for ref, dash in zip(REFS[:queries], DASHES, strict=False):
        if dash:
            panel.override_by_query(ref, [DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": dash})])


def _fixed(colour: str) -> dict[str, str]:
    return {"mode": "fixed", "fixedColor": colour}


def _legend(width: int) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(show_legend=True).display_mode(LegendDisplayMode.TABLE)
    return (
        legend.placement(LegendPlacement.RIGHT if width == FULL else LegendPlacement.BOTTOM)
        .calcs(["lastNotNull", "max"])
        .sort_by("Last *")
        .sort_desc(sort_desc=True)
    )


def timeline(  # noqa: PLR0913 - what differs from panel to panel
    words: Words, queries: Sequence[Query], look: Look, *, width: int = 24, height: int = 8, link: str = ""
) -> statetimeline.Panel:
    """Return the course of states, one row a series."""
    panel = dressed(statetimeline.Panel(), words, look, width, height)
    for query, ref in zip(queries, REFS, strict=False):
        panel.with_target(target(query, ref).range())
    panel.legend(common.VizLegendOptions().show_legend(show_legend=True).placement(LegendPlacement.BOTTOM))
    panel.max_data_points(MAX_POINTS).merge_values(merge_values=True).show_value(VisibilityMode.AUTO).row_height(0.85)
    # More rows than this cannot be read; the others are on further pages.
    panel.per_page(2 * height).color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    return panel.data_links([DashboardLink("Details").url(link)]) if link else panel


def bars(  # noqa: PLR0913 - what differs from panel to panel
    words: Words, query: Query, look: Look, *, width: int = 12, height: int = 8, link: str = ""
) -> bargauge.Panel:
    """Return values as bars, one a series."""
    panel = dressed(bargauge.Panel(), words, look, width, height)
    panel.with_target(target(query, "A").instant().format(PromQueryFormat.TIME_SERIES))
    panel.orientation(VizOrientation.HORIZONTAL).display_mode(BarGaugeDisplayMode.BASIC).show_unfilled(
        show_unfilled=True
    )
    # In the colour of the bar, the number could not be read.
    panel.reduce_options(_last()).value_mode(BarGaugeValueMode.TEXT).name_placement(BarGaugeNamePlacement.TOP)
    _round(panel, look)
    # Else few bars would be as high as the panel, with letters as high as they.
    panel.sizing(BarGaugeSizing.MANUAL).min_viz_height(28).max_viz_height(44)
    panel.text(common.VizTextDisplayOptions().title_size(12).value_size(14))
    panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    return panel.data_links([DashboardLink("Details").url(link)]) if link else panel
