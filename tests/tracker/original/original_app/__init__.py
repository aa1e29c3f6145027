"""The application that was written for the original, on the stand-in of that and on ours."""
