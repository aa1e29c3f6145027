"""``record_batch_results``, under the name that programs import it by."""

from tracker.records.batch_results import BatchImport, record_batch_results

__all__ = ["BatchImport", "record_batch_results"]
