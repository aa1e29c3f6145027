"""Google Maps, whose calls of the Places API are billed by the piece."""

from __future__ import annotations

from tracker.instrumentation.providers.provider import Provider

GOOGLE_PLACES = Provider(
    "google_places",
    calls={
        "place": "place_details",
        "places": "place_search",
        "places_nearby": "nearby_search",
        "places_autocomplete": "autocomplete",
        "places_autocomplete_query": "autocomplete",
        "places_photo": "place_photo",
        "find_place": "find_place",
        "geocode": "geocode",
        "reverse_geocode": "reverse_geocode",
    },
)
