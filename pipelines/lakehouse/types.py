"""The few types that columns have. Money is DECIMAL everywhere: a float never holds an amount."""

from __future__ import annotations

from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
)

STRING: DataType = StringType()
BINARY: DataType = BinaryType()
BOOLEAN: DataType = BooleanType()
INT: DataType = IntegerType()
LONG: DataType = LongType()
DATE: DataType = DateType()
TIMESTAMP: DataType = TimestampType()
DOUBLE: DataType = DoubleType()
MONEY: DataType = DecimalType(18, 2)
QUANTITY: DataType = DecimalType(18, 3)
DEGREES: DataType = DecimalType(6, 3)
MILLIMETRES: DataType = DecimalType(7, 3)
