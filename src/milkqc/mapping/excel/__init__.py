"""A mapping as a workbook, and the workbook as a mapping again (docs/excel.md)."""
