from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.models.als import factors, served
from pipelines.models.als.factors import AlsFactors

LEARNED = AlsFactors(
    person_ids=pa.array(["ann", "bob"]),
    persons=np.array([[1.0, 0.0], [0.5, 1.0]], np.float32),
    item_ids=pa.array(["apples", "bread", "cheese"]),
    items=np.array([[0.5, 0.0], [0.25, 1.0], [0.0, 0.5]], np.float32),
    buyers=np.array([0, 7, 9], np.int32),
)


def test_mlflow_loads_it_and_it_ranks_by_its_factors_and_strangers_by_what_is_popular(tmp_path: Path) -> None:
    import mlflow.pyfunc

    (tmp_path / "factors").mkdir()
    factors.write(LEARNED, tmp_path / "factors")
    mlflow.pyfunc.save_model(
        tmp_path / "model",
        loader_module=served.__name__,
        data_path=tmp_path / "factors",
        signature=served.signature(),
        pip_requirements=[],
    )
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    persons = pd.DataFrame({"person_id": ["bob", "a stranger", "ann"]})
    answer = loaded.predict(persons, params={"k": 2})
    assert list(answer.itertuples(index=False, name=None)) == [
        ("bob", 1, "bread", 1.125, True),
        ("bob", 2, "cheese", 0.5, True),
        ("a stranger", 1, "cheese", 9.0, False),
        ("a stranger", 2, "bread", 7.0, False),
        ("ann", 1, "apples", 0.5, True),
        ("ann", 2, "bread", 0.25, True),
    ]
    types = {"long": "int64", "string": "object", "double": "float64", "boolean": "bool"}
    described = {column["name"]: types[column["type"]] for column in served.signature().outputs.to_dict()}
    assert answer.dtypes.astype(str).to_dict() == described
    assert len(loaded.predict(persons)) == 3 + 2 + 3
