from tracker.ai_usage_context import *
from tracker.reexport import reexport

reexport(__name__)
