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
{{- /* As SECRETS of hub/kubernetes/passthrough.py: values are shown in a ConfigMap. */ -}}
{{- $secrets := list "admin_password" "api_tokens" "auth_token" "client_secret" "cookie_secret" "github_client_secret" "keys" "password" "proxy_auth_token" "service_tokens" "user_password" -}}
{{- range $class, $traits := .Values.hub.config -}}
  {{- range $trait, $value := $traits -}}
    {{- $with := and (eq $trait "db_url") (regexMatch "://[^:/]*:[^@/]*@|[?&]password=" (toString $value)) -}}
    {{- if or (has $trait $secrets) $with (contains "\"api_token\":" (toJson $value)) -}}
      {{- fail (printf "hub.config: %[1]s.%[2]s is a secret, and values are shown in a ConfigMap. Name a Secret in hub.password, hub.clientSecret or hub.db.url; the Secret vre holds the others. / hub.config : %[1]s.%[2]s est un secret, et les valeurs se lisent dans un ConfigMap. Nommez un Secret dans hub.password, hub.clientSecret ou hub.db.url ; le Secret vre contient les autres." $class $trait) -}}
    {{- end -}}
    {{- $moved := and (eq $trait "base_url") (trimAll "/" (toString $value)) -}}
    {{- if or $moved (and (eq $trait "bind_url") (regexMatch "://[^/]*/." (toString $value))) -}}
      {{- fail (printf "hub.config: %[1]s.%[2]s cannot be %[3]v: the VRE is at the root of its host name. Give it a name of its own, in ingress.hosts or httpRoute.hostnames. / hub.config : %[1]s.%[2]s ne peut pas valoir %[3]v : le VRE est à la racine de son nom d'hôte. Donnez-lui un nom à lui, dans ingress.hosts ou httpRoute.hostnames." $class $trait $value) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- /* As TAKEN of hub/kubernetes/data_values.py. */ -}}
{{- $whole := list "/bin" "/dev" "/etc/dask-credentials" "/lib" "/lib64" "/opt/odatis" "/proc" "/sbin" "/sys" "/usr" "/var/run/secrets" "/srv/catalog" "/srv/catalog-status" "/srv/found" "/srv/gallery" "/srv/notebooks" "/srv/templates" "/srv/workshops" -}}
{{- $own := concat $whole (list "/home/odatis" "/run/vre" "/tmp") -}}
{{- $seen := dict -}}
{{- range $name, $mount := .Values.data.mounts -}}
  {{- $path := clean $mount.path -}}
  {{- range $own -}}
    {{- $inside := and (has . $whole) (hasPrefix (print . "/") $path) -}}
    {{- if or $inside (hasPrefix (printf "%s/" (trimSuffix "/" $path)) (print . "/")) -}}
      {{- fail (printf "data.mounts: %[1]s cannot be mounted at %[2]s: this folder, or one in it, is the VRE's own. Choose another, such as /data/%[1]s. / data.mounts : %[1]s ne peut pas être monté à %[2]s : ce dossier, ou l'un de ceux qu'il contient, est au VRE lui-même. Choisissez-en un autre, par exemple /data/%[1]s." $name $path) -}}
    {{- end -}}
  {{- end -}}
  {{- with get $seen $path -}}
    {{- fail (printf "data.mounts: %[1]s and %[2]s are both mounted at %[3]s. Give each a folder of its own. / data.mounts : %[1]s et %[2]s sont tous deux montés à %[3]s. Donnez à chacun un dossier à lui." . $name $path) -}}
  {{- end -}}
  {{- $_ := set $seen $path $name -}}
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
