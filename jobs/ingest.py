"""spark-submit jobs/ingest.py --conf conf/cluster.yaml ...: the same as `tillpost ingest`."""

from pipelines.cli import job

if __name__ == "__main__":
    job("ingest")
