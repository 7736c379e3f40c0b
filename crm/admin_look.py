"""How the managers' desk looks: the settings of unfold."""

UNFOLD = {
    "SITE_TITLE": "AgentConnect CRM",
    "SITE_HEADER": "AgentConnect CRM",
    "SITE_SYMBOL": "graphic_eq",
    "SHOW_VIEW_ON_SITE": True,
    "SITE_URL": "/",
    "STYLES": ["crm.accounts.admin_site.style"],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "crm.accounts.admin_site.favicon"}],
    "ACCOUNT": {"navigation": [{"title": "Profile and password", "link": "/profile/"}]},
    "COLORS": {
        "primary": {
            "50": "#eef2fd",
            "100": "#dde5fb",
            "200": "#bccbf7",
            "300": "#90adff",
            "400": "#6c8df0",
            "500": "#4a6edb",
            "600": "#2c52c4",
            "700": "#2443a3",
            "800": "#1e3784",
            "900": "#1a2f6c",
            "950": "#111d44",
        }
    },
}
