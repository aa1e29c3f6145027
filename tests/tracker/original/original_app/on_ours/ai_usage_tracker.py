from tracker.ai_usage_tracker import *
from tracker.reexport import reexport

reexport(__name__)
