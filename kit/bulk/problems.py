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
        "The header does not fit this resource; see the errors of row 1.",
        "表头与该资源不符，见第 1 行的错误。",
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
