"""spark-submit jobs/land.py --conf conf/cluster.yaml ...: the same as `tillpost land`."""

from pipelines.cli import job

if __name__ == "__main__":
    job("land")
