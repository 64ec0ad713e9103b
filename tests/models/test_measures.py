import numpy as np
import pytest
from scipy.sparse import csr_matrix

from pipelines.models.measures import hit_rate, hits, ndcg, recall

TARGETS = csr_matrix(np.array([[1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=float))
RANKING = np.array([[2, 1, 0], [0, -1, -1], [1, 2, 3]], dtype=np.int32)


def test_by_hand() -> None:
    assert hits(RANKING, TARGETS).tolist() == [[True, False, True], [False] * 3, [False] * 3]
    assert recall(RANKING, TARGETS, 3).tolist()[:2] == [1.0, 0.0]
    assert recall(RANKING, TARGETS, 1)[0] == 0.5
    assert ndcg(RANKING, TARGETS, 3)[0] == pytest.approx(1.5 / (1 + 1 / np.log2(3)))
    assert hit_rate(RANKING, TARGETS, 3).tolist() == [1.0, 0.0, 0.0]


def test_who_has_no_target_does_not_count() -> None:
    assert np.isnan(recall(RANKING, TARGETS, 3)[2])
    assert np.isnan(ndcg(RANKING, TARGETS, 3)[2])


def test_no_place_counts_for_a_good_that_is_none() -> None:
    assert recall(np.array([[-1]], dtype=np.int32), TARGETS[:1], 1).tolist() == [0.0]
