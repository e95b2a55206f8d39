"""Tables of measurements: a table per label, a row per sub-label, a column per description."""

from jtorch.utils.benchmark.measurement import Measurement, select_unit, trim_sigfig, unit_to_english


class Compare:
    """Collects measurements and prints them side by side."""

    def __init__(self, results):
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trim = False
        self._highlight = False

    def extend_results(self, results) -> None:
        """Add measurements."""
        results = list(results)
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(f"Expected an instance of `Measurement`, got {type(result)} instead.")
        self._results += results

    def trim_significant_figures(self) -> None:
        """Print no more figures than mean something."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Accepted; tables are plain text."""

    def highlight_warnings(self) -> None:
        """Mark measurements that vary much, with an exclamation mark."""
        self._highlight = True

    def print(self) -> None:
        print(self)

    def __str__(self):
        merged = Measurement.merge(self._results)
        labels = list(dict.fromkeys(m.task_spec.label for m in merged))
        return "\n".join(self._table(label, [m for m in merged if m.task_spec.label == label]) for label in labels)

    def _table(self, label, results) -> str:
        unit, scale = select_unit(min(m.median for m in results))
        columns = list(dict.fromkeys(m.task_spec.description or "" for m in results))
        threads = list(dict.fromkeys(m.task_spec.num_threads for m in results))
        rows = list(dict.fromkeys(m.as_row_name for m in results))
        cells = {
            (m.task_spec.num_threads, m.as_row_name, m.task_spec.description or ""): self._cell(m, scale)
            for m in results
        }
        name_width = max(len(row) for row in rows) + 6
        widths = {c: max([len(c), *(len(text) for key, text in cells.items() if key[2] == c)]) for c in columns}
        header = " " * name_width + "".join(f"  |  {c.center(widths[c])}" for c in columns)
        lines = [f" {label or ''} ".center(len(header) - 2, "-").join("[]"), header]
        for number in threads:
            lines.append(f"{number} threads: ".ljust(len(header), "-"))
            for row in rows:
                texts = [cells.get((number, row, c), "") for c in columns]
                lines.append(
                    f"      {row}".ljust(name_width)
                    + "".join(f"  |  {t.rjust(widths[c])}" for t, c in zip(texts, columns, strict=True))
                )
        return "\n".join([*lines, "", f"Times are in {unit_to_english(unit)}s ({unit}).", ""])

    def _cell(self, measurement, scale) -> str:
        value = measurement.median / scale
        if self._trim:
            value = trim_sigfig(value, measurement.significant_figures)
        return f"{value:.1f}" + ("!" if self._highlight and measurement.has_warnings else "")
