"""spark-submit jobs/run.py --conf conf/cluster.yaml ...: the same as `tillpost run`."""

from pipelines.cli import job

if __name__ == "__main__":
    job("run")
