"""spark-submit jobs/refine.py --conf conf/cluster.yaml ...: the same as `tillpost refine`."""

from pipelines.cli import job

if __name__ == "__main__":
    job("refine")
