"""spark-submit jobs/publish.py --conf conf/cluster.yaml ...: the same as `tillpost publish`."""

from pipelines.cli import job

if __name__ == "__main__":
    job("publish")
