"""spark-submit jobs/score.py --conf conf/cluster.yaml ...: the same as `tillpost score`."""

from pipelines.cli import job

if __name__ == "__main__":
    job("score")
