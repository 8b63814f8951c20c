{{/* Traefik's dynamic configuration: the path below which Dask Gateway is served. */}}
{{- define "vre.routes" -}}
http:
  routers:
    api:
      entryPoints: [web]
      rule: PathPrefix(`{{ . }}/api/`)
      middlewares: [api]
      service: api
    login:
      entryPoints: [web]
      rule: Path(`{{ . }}/oauth_callback`)
      service: pages
  services:
    api:
      loadBalancer:
        servers:
          - url: http://gateway-api:8000
    pages:
      loadBalancer:
        servers:
          - url: http://scheduler-pages:8000
  middlewares:
    api:
      stripPrefix:
        prefixes: [{{ . }}]
    # The order counts: what a browser may not say, who it is, what a scheduler need not know, its own paths.
    scheduler-pages:
      chain:
        middlewares: [asked-here, login, without-secrets, own-paths]
    # Which page is asked for is Traefik's word; the host's name and https are the proxy's in front of it.
    asked-here:
      headers:
        customRequestHeaders:
          X-Forwarded-Uri: ""
          X-Forwarded-Method: ""
    login:
      forwardAuth:
        address: http://scheduler-pages:8000{{ . }}/allowed
        trustForwardHeader: true
        # A relative address of the hub's login stays one.
        preserveLocationHeader: true
        maxResponseBodySize: 65536
    without-secrets:
      headers:
        customRequestHeaders:
          Authorization: ""
          Cookie: ""
    own-paths:
      stripPrefixRegex:
        regex: ["{{ . }}/clusters/[^/]+"]
{{- end }}
