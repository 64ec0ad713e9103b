"""spark-submit jobs/build.py --conf conf/cluster.yaml ...: the same as `tillpost build`."""

from pipelines.cli import job

if __name__ == "__main__":
    job("build")
