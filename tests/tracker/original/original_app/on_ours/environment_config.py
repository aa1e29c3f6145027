from tracker.environment_config import *
from tracker.reexport import reexport

reexport(__name__)
