"""spark-submit jobs/train.py --conf conf/cluster.yaml ...: the same as `tillpost train`."""

from pipelines.cli import job

if __name__ == "__main__":
    job("train")
