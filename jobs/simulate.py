"""spark-submit jobs/simulate.py --conf conf/cluster.yaml ...: the same as `tillpost simulate`."""

from pipelines.cli import job

if __name__ == "__main__":
    job("simulate")
