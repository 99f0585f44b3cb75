"""Every named refusal of bulk imports: at the door, of a whole file, of one row."""

from __future__ import annotations

from kit import errors
from kit.bulk.issues import RowIssue
from kit.errors import Text


class BodyEmpty(errors.Invalid):
    """No byte came."""

    code = "import.body_empty"
    title = Text("Empty body", "请求体为空")
    detail = Text("The body of an import must hold the file.", "导入请求的请求体应为文件内容。")
    cure = Text("Send the file itself as the body.", "请将文件内容作为请求体发送。")


class BodyIncomplete(errors.Malformed):
    """The client went away, or sent too slowly, before the whole body was here."""

    code = "import.body_incomplete"
    title = Text("Incomplete body", "请求体不完整")
    detail = Text(
        "The body stopped or came too slowly before its end; nothing was kept.",
        "请求体在结束前中断或传输过慢，未保留任何内容。",
    )
    cure = Text("Send it again with the same Idempotency-Key.", "请使用相同的幂等键重新发送。")


class BodyNotJson(errors.Malformed):
    """A body that is called GeoJSON does not even begin as a JSON object."""

    code = "import.body_not_json"
    title = Text("Not a JSON object", "不是 JSON 对象")
    detail = Text(
        "A GeoJSON file begins with an opening brace; this one does not.",
        "GeoJSON 文件应以左花括号开头，此文件不是。",
    )
    cure = Text("Check Content-Type and the file.", "请核对 Content-Type 与文件。")


class AnnotatedAbsent(errors.NotFound):
    """There is no workbook to mark: another format, no error, or no longer kept."""

    code = "import.annotated_absent"
    title = Text("No annotated workbook", "没有带标注的工作簿")
    detail = Text(
        "An annotated copy is there for a workbook with errors, until `annotated_until`.",
        "仅当上传的工作簿有错误时提供带标注的副本，有效期至 annotated_until。",
    )
    cure = Text(
        "Read the errors as JSON or CSV, or check the workbook again.",
        "请以 JSON 或 CSV 读取错误，或重新检查该工作簿。",
    )


# A whole file.
FILE_EMPTY = RowIssue("import.empty", Text("The file holds no row.", "文件中没有数据行。"))
FILE_ENCODING = RowIssue(
    "import.encoding",
    Text("The text is neither UTF-8 nor GB18030.", "文本既不是 UTF-8 也不是 GB18030 编码。"),
)
FILE_GZIP = RowIssue(
    "import.gzip_broken",
    Text("The gzip data end early or are damaged.", "gzip 数据不完整或已损坏。"),
)
FILE_BOMB = RowIssue(
    "import.unpacked_too_large",
    Text(
        "Unpacked, the file exceeds the limit of {limit_bytes} bytes, or {ratio} times its size.",
        "解压后超过上限 {limit_bytes} 字节，或超过压缩大小的 {ratio} 倍。",
    ),
)
FILE_HEADER = RowIssue(
    "import.header",
    Text(
        "The header does not fit this resource; see the errors of row {row}.",
        "表头与该资源不符，见第 {row} 行的错误。",
    ),
)
FILE_LINE = RowIssue(
    "import.line_too_long",
    Text("Row {row} is longer than {limit_bytes} bytes.", "第 {row} 行超过 {limit_bytes} 字节。"),
)
FILE_QUOTING = RowIssue(
    "import.quoting",
    Text(
        "From row {row} on, quotation marks do not pair, so rows cannot be told apart.",
        "自第 {row} 行起引号不配对，无法区分各行。",
    ),
)
FILE_GEOJSON = RowIssue(
    "import.geojson_broken",
    Text(
        "The GeoJSON cannot be read after feature {row}.", "GeoJSON 在第 {row} 个要素之后无法解析。"
    ),
)
FILE_NOT_COLLECTION = RowIssue(
    "import.geojson_not_collection",
    Text("A GeoJSON FeatureCollection is needed.", "应为 GeoJSON FeatureCollection。"),
)
FILE_CRS_MEMBER = RowIssue(
    "import.geojson_crs",
    Text(
        "The file's `crs` member names another reference than longitude and latitude.",
        "文件的 crs 成员不是经纬度坐标系。",
    ),
)
FILE_ROWS = RowIssue(
    "import.rows_refused",
    Text(
        "{refused} rows were refused and on_error is stop: nothing was applied.",
        "{refused} 行被拒绝，且 on_error 为 stop：未应用任何内容。",
    ),
)
FILE_LOST = RowIssue(
    "import.spool_lost",
    Text("The uploaded file is gone; send it again.", "上传的文件已丢失，请重新发送。"),
)
FILE_SEAL = RowIssue(
    "import.spool_sealed",
    Text(
        "The uploaded file was sealed under a key that is no longer here; send it again.",
        "上传的文件所用的加密密钥已不可用，请重新发送。",
    ),
)
FILE_GAVE_UP = RowIssue(
    "import.gave_up",
    Text(
        "The import was interrupted {attempts} times; nothing was applied.",
        "导入被中断 {attempts} 次，未应用任何内容。",
    ),
)
FILE_CONFLICT = RowIssue(
    "import.conflict",
    Text(
        "A row conflicts with what is stored; nothing was applied.",
        "有行与已存内容冲突，未应用任何内容。",
    ),
)
FILE_DEFECT = RowIssue(
    "import.defect",
    Text(
        "Something went wrong on our side; nothing was applied.", "系统内部出错，未应用任何内容。"
    ),
)

# A workbook.
XLSX_NONE = RowIssue(
    "import.not_xlsx",
    Text("The file is no .xlsx workbook.", "文件不是 .xlsx 工作簿。"),
)
XLSX_OLD = RowIssue(
    "import.xls",
    Text(
        "This is an old .xls workbook; save it as .xlsx and send that.",
        "这是旧版 .xls 工作簿，请另存为 .xlsx 后再发送。",
    ),
)
XLSX_ENCRYPTED = RowIssue(
    "import.xlsx_encrypted",
    Text(
        "The workbook is protected by a password; save it without one and send that.",
        "工作簿设有密码，请取消密码后另存再发送。",
    ),
)
XLSX_MACROS = RowIssue(
    "import.xlsx_macros",
    Text(
        "Workbooks with macros are not read; save it as .xlsx and send that.",
        "不读取带宏的工作簿，请另存为 .xlsx 后再发送。",
    ),
)
XLSX_BROKEN = RowIssue(
    "import.xlsx_broken",
    Text(
        "The workbook is cut off or damaged; open it, save it anew and send that.",
        "工作簿不完整或已损坏，请打开后重新保存再发送。",
    ),
)
XLSX_ENTITIES = RowIssue(
    "import.xlsx_entities",
    Text(
        "The workbook declares a document type, which no spreadsheet program writes.",
        "工作簿含有文档类型声明，电子表格软件不会写入此类内容。",
    ),
)
XLSX_PARTS = RowIssue(
    "import.xlsx_parts",
    Text("The workbook has more than {max} parts.", "工作簿的部件超过 {max} 个。"),
)
XLSX_LARGE = RowIssue(
    "import.xlsx_part_too_large",
    Text(
        "The part {part} of the workbook exceeds {limit_bytes} bytes; clear formats and drawings "
        "that are not needed, or send the rows as CSV.",
        "工作簿的部件 {part} 超过 {limit_bytes} 字节，请清除不需要的格式与图形，或改用 CSV。",
    ),
)
XLSX_STRINGS = RowIssue(
    "import.xlsx_texts_too_large",
    Text(
        "The texts of the workbook exceed {limit_bytes} bytes; send the rows as CSV, or in parts.",
        "工作簿的文本超过 {limit_bytes} 字节，请改用 CSV 或拆分后发送。",
    ),
)
XLSX_MERGED = RowIssue(
    "import.xlsx_merged",
    Text(
        "More than {max} merged areas lie among the rows; unmerge them and fill in every row.",
        "数据行中合并单元格超过 {max} 处，请取消合并并逐行填写。",
    ),
)
XLSX_SHEETS = RowIssue(
    "import.xlsx_sheets",
    Text(
        "Several sheets have the header: {sheets}. Choose one with `sheet`.",
        "多个工作表都有表头：{sheets}。请用 sheet 参数选择其一。",
    ),
)
XLSX_SHEET_NONE = RowIssue(
    "import.xlsx_no_sheet",
    Text("There is no such sheet; there are: {sheets}.", "没有该工作表；现有：{sheets}。"),
)
FILE_NO_SHEETS = RowIssue(
    "import.no_sheets",
    Text(
        "Only a workbook has sheets; leave `sheet` out for this format.",
        "只有工作簿才有工作表，该格式请勿使用 sheet 参数。",
    ),
)
XLSX_HEADER = RowIssue(
    "import.xlsx_no_header",
    Text(
        "No header was found in the sheets {sheets}; the columns {columns} are needed.",
        "在工作表 {sheets} 中未找到表头，需要以下列：{columns}。",
    ),
)

# One cell of a workbook.
CELL_FORMULA = RowIssue(
    "cell.formula_without_value",
    Text(
        "The formula has no computed value; put the value itself into the cell.",
        "公式没有计算结果，请将单元格改为数值。",
    ),
)
CELL_ERROR = RowIssue(
    "cell.error_value",
    Text("The cell holds an error of the spreadsheet.", "单元格为错误值。"),
)
CELL_DATE = RowIssue(
    "cell.unexpected_date",
    Text(
        "The spreadsheet has turned the cell into a date; format it as text and enter it again.",
        "单元格已被转换为日期，请设为文本格式后重新输入。",
    ),
)
CELL_DATE_RANGE = RowIssue(
    "cell.date_out_of_range",
    Text("The number stands for no day.", "该数字不代表任何日期。"),
)
CELL_DIGITS = RowIssue(
    "cell.digits_lost",
    Text(
        "A number of more than 15 digits has lost its last ones in the spreadsheet; format the "
        "cell as text and enter it again.",
        "超过 15 位的数字在电子表格中已丢失末位，请设为文本格式后重新输入。",
    ),
)
CELL_MERGED = RowIssue(
    "cell.merged",
    Text(
        "The cell is merged with another one; unmerge it and fill in every row.",
        "单元格为合并单元格，请取消合并并逐行填写。",
    ),
)
CELL_OUTSIDE = RowIssue(
    "cell.outside_header",
    Text(
        "The cell stands beside the table, under no header.",
        "单元格位于表格之外，没有对应的表头。",
    ),
)

# The header.
COLUMN_UNKNOWN = RowIssue("column.unknown", Text("This column is not known here.", "未知列。"))
COLUMN_MISSING = RowIssue("column.missing", Text("This column is required.", "缺少必需的列。"))
COLUMN_REPEATED = RowIssue(
    "column.repeated", Text("This column may stand only once.", "该列不能重复。")
)
COLUMN_TOO_MANY = RowIssue(
    "column.too_many", Text("At most {max} columns are read.", "最多读取 {max} 列。")
)

# One row.
ROW_CELLS = RowIssue(
    "row.cell_count",
    Text(
        "The row has {cells} cells, the header {columns}.",
        "该行有 {cells} 个单元格，表头有 {columns} 个。",
    ),
)
ROW_QUOTING = RowIssue(
    "row.quoting", Text("The quotation marks of the row do not pair.", "该行引号不配对。")
)
ROW_JSON = RowIssue("row.json", Text("The row is no JSON in UTF-8.", "该行不是 UTF-8 的 JSON。"))
ROW_NOT_OBJECT = RowIssue("row.not_object", Text("A JSON object is needed.", "应为 JSON 对象。"))
ROW_NOT_FEATURE = RowIssue(
    "row.not_feature", Text("A GeoJSON Feature is needed.", "应为 GeoJSON Feature。")
)
ROW_TOO_LONG = RowIssue(
    "row.too_long",
    Text("The row is longer than {limit_bytes} bytes.", "该行超过 {limit_bytes} 字节。"),
)
ROW_REPEATED_NAME = RowIssue(
    "row.repeated_name",
    Text("Two members of the row mean the same column.", "该行有两个成员对应同一列。"),
)
ROW_CHARACTER = RowIssue(
    "field.control_character",
    Text("Control and invisible characters are not allowed.", "不允许控制字符或不可见字符。"),
)
ROW_OUTSIDE_AREA = RowIssue(
    "row.outside_area", Text("The row lies outside your areas.", "该行不在您的授权区域内。")
)
ROW_DUPLICATE = RowIssue(
    "row.duplicate",
    Text("An earlier row of the file has the same {key}.", "文件中前面已有相同的 {key}。"),
)
UNKNOWN_REFERENCE = RowIssue(
    "row.unknown_reference",
    Text("There is no such {noun} within your areas.", "授权区域内没有该 {noun}。"),
)
GEOMETRY_JSON = RowIssue(
    "geometry.json", Text("A GeoJSON geometry is needed.", "应为 GeoJSON 几何对象。")
)
GEOMETRY_UNEXPECTED = RowIssue(
    "geometry.unexpected",
    Text("This resource takes no such geometry.", "该资源不接受此类几何对象。"),
)
