{{/* What the schema cannot say, said before anything is installed: the root. */}}
{{- define "vre.validate" -}}
{{- $auth := dig "auth" dict .Values.vre -}}
{{- $kind := dig "kind" "shared-password" $auth -}}
{{- if ne $kind "shared-password" -}}
  {{- if not (hasKey $auth $kind) -}}
    {{- fail (printf "vre.auth.kind is %s: vre.auth.%s says where and under which name." $kind $kind) -}}
  {{- end -}}
  {{- if not .Values.hub.clientSecret -}}
    {{- fail (printf "vre.auth.kind is %s: hub.clientSecret names the Secret that holds the client secret." $kind) -}}
  {{- end -}}
{{- end -}}
{{- /* The authenticator of each kind looks at its own: the others' groups let nobody in. */ -}}
{{- $groups := get (dict "oidc" $auth.groups "github" (dig "github" "organizations" "" $auth)) $kind -}}
{{- if not (or $auth.users $groups $auth.allow_all (and (eq $kind "shared-password") (not (hasKey $auth "users")))) -}}
  {{- fail (printf "Nobody may log in: give vre.auth.users%s or vre.auth.allow_all." (get (dict "oidc" ", vre.auth.groups" "github" ", vre.auth.github.organizations") $kind)) -}}
{{- end -}}
{{- range $name, $profile := dig "profiles" dict .Values.vre -}}
  {{- if hasSuffix ":latest" ($profile.image | default "") -}}
    {{- fail (printf "vre.profiles.%s.image is %s: give an exact tag or a digest, not latest." $name $profile.image) -}}
  {{- end -}}
{{- end -}}
{{- range $part := list "hub" "proxy" "singleuser" "gateway" "traefik" -}}
  {{- if eq (index $.Values $part).image.tag "latest" -}}
    {{- fail (printf "%s.image.tag is latest: give an exact tag or a digest." $part) -}}
  {{- end -}}
{{- end -}}
{{- if and (eq .Values.hub.db.type "url") (not .Values.hub.db.url) -}}
  {{- fail "hub.db.type is url: hub.db.url names the Secret that holds the URL." -}}
{{- end -}}
{{- range $name, $mount := .Values.data.mounts -}}
  {{- $sources := 0 -}}
  {{- range $key := list "pvc" "nfs" "hostPath" -}}
    {{- if index $mount $key }}{{ $sources = add1 $sources }}{{ end -}}
  {{- end -}}
  {{- if ne (int $sources) 1 -}}
    {{- fail (printf "data.mounts.%s: give one of pvc, nfs, hostPath." $name) -}}
  {{- end -}}
{{- end -}}
{{- range $name, $store := .Values.data.objectStores -}}
  {{- if not (or $store.endpoint $store.secret) -}}
    {{- fail (printf "data.objectStores.%s: give an endpoint, or a secret that holds one as AWS_ENDPOINT_URL." $name) -}}
  {{- end -}}
{{- end -}}
{{- with .Values.catalog.files -}}
  {{- if $.Values.catalog.volume -}}
    {{- fail "catalog: give files or a volume, not both." -}}
  {{- end -}}
  {{- if not (hasKey . "odatis.yaml") -}}
    {{- fail "catalog.files: odatis.yaml, the root, is missing." -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.gateway) -}}
  {{- fail "httpRoute.enabled: httpRoute.gateway names the Gateway." -}}
{{- end -}}
{{- end }}
