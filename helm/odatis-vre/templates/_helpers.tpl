{{/* Labels by which objects find pods: dict "component" "root". */}}
{{- define "vre.selector" -}}
app.kubernetes.io/name: odatis-vre
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Labels of objects; pods carry the selector alone, so that a new chart version restarts nothing by itself. */}}
{{- define "vre.labels" -}}
{{ include "vre.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* An image by digest, else by tag, else by the version of the chart: dict "image" "root". */}}
{{- define "vre.image" -}}
{{- if .image.digest -}}
{{ .image.name }}@{{ .image.digest }}
{{- else -}}
{{ .image.name }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* imagePullSecrets of a pod: the root. */}}
{{- define "vre.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* securityContext of a pod: Pod Security "restricted". */}}
{{- define "vre.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
# A large volume is not walked through at every start.
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* securityContext of a container: Pod Security "restricted", and no writing outside volumes. */}}
{{- define "vre.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where a pod runs: a value with nodeSelector, tolerations, affinity. */}}
{{- define "vre.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The facts of a release that pods of the hub and of the gateway read: the root. */}}
{{- define "vre.releaseEnv" -}}
- name: ODATIS_VRE_RELEASE
  value: {{ .Release.Name | quote }}
- name: ODATIS_VRE_VERSION
  value: {{ .Chart.AppVersion | quote }}
- name: ODATIS_VRE_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- end }}

{{/* A variable out of the Secret that the chart makes: dict "name" "key". */}}
{{- define "vre.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: vre
      key: {{ .key }}
{{- end }}

{{/* Pods restart when what they read at their start changes: the root. */}}
{{- define "vre.checksum" -}}
odatis-vre/values: {{ .Values | toJson | sha256sum }}
{{- end }}

{{/* The claim behind a mount: dict "name" "mount". A volume of the cluster never changes its source, so its
     name holds it. `claim_name` of hub/kubernetes/volumes.py says the same. */}}
{{- define "vre.claimName" -}}
{{- if .mount.pvc -}}
{{ .mount.pvc }}
{{- else -}}
data-{{ .name }}-{{ include "vre.source" .mount | sha256sum | trunc 8 }}
{{- end }}
{{- end }}

{{- define "vre.source" -}}
{{- if .nfs }}nfs:{{ .nfs.server }}:{{ .nfs.path }}{{ else }}hostPath:{{ .hostPath }}{{ end }}
{{- end }}

{{/* Volumes of data and catalogue, the same for servers, workers and dashboards: the root.
     `data_volumes` of hub/kubernetes/volumes.py says the same to the spawner and to Dask Gateway. */}}
{{- define "vre.dataVolumes" -}}
{{- range $name, $mount := .Values.data.mounts }}
- name: data-{{ $name }}
  persistentVolumeClaim:
    claimName: {{ include "vre.claimName" (dict "name" $name "mount" $mount) }}
    readOnly: true
{{- end }}
{{- if .Values.catalog.files }}
- name: catalog
  configMap:
    name: catalog
{{- else if .Values.catalog.volume }}
- name: catalog
  persistentVolumeClaim:
    claimName: {{ .Values.catalog.volume.pvc }}
    readOnly: true
{{- end }}
{{- if .Values.catalog.check.enabled }}
- name: catalog-status
  configMap:
    name: catalog-status
    optional: true
{{- end }}
{{- end }}

{{- define "vre.dataMounts" -}}
{{- range $name, $mount := .Values.data.mounts }}
- name: data-{{ $name }}
  mountPath: {{ $mount.path }}
  readOnly: true
  {{- with $mount.subPath }}
  subPath: {{ . }}
  {{- end }}
{{- end }}
{{- if or .Values.catalog.files .Values.catalog.volume }}
- name: catalog
  mountPath: /srv/catalog
  readOnly: true
  {{- with (.Values.catalog.volume | default dict).subPath }}
  subPath: {{ . }}
  {{- end }}
{{- end }}
{{- if .Values.catalog.check.enabled }}
- name: catalog-status
  mountPath: /srv/catalog-status
  readOnly: true
{{- end }}
{{- end }}

{{/* Bytes of a size as the settings write it: the size, 1.5G or a number. */}}
{{- define "vre.bytes" -}}
{{- if kindIs "string" . -}}
{{- $units := dict "" 1 "K" 1024 "M" 1048576 "G" 1073741824 "T" 1099511627776 -}}
{{- mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[KMGT]" .)) | ceil | int64 -}}
{{- else -}}
{{- . | int64 -}}
{{- end -}}
{{- end }}

{{- define "vre.dataEnv" -}}
{{- if or .Values.catalog.files .Values.catalog.volume }}
- name: ODATIS_CATALOG
  value: /srv/catalog/odatis.yaml
{{- else }}
{{- with dig "data" "catalog" "" .Values.vre }}
- name: ODATIS_CATALOG
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- with dig "data" "read_warning" "" .Values.vre }}
- name: ODATIS_READ_WARNING
  value: {{ include "vre.bytes" . | quote }}
{{- end }}
{{- if .Values.catalog.check.enabled }}
- name: ODATIS_CATALOG_STATUS
  value: /srv/catalog-status/status.json.gz
{{- end }}
{{- range $name, $store := .Values.data.objectStores }}
{{- $default := eq $name "default" }}
{{- $before := ternary "AWS_" (printf "ODATIS_STORE_%s_" ($name | upper | replace "-" "_")) $default }}
{{- range ternary (list "AWS_ENDPOINT_URL" "FSSPEC_S3_ENDPOINT_URL") (list (print $before "ENDPOINT_URL")) $default }}
- name: {{ . }}
  {{- if $store.endpoint }}
  value: {{ $store.endpoint | quote }}
  {{- else }}
  valueFrom:
    secretKeyRef: {name: {{ $store.secret }}, key: AWS_ENDPOINT_URL}
  {{- end }}
{{- end }}
{{- with $store.region }}
- name: {{ $before }}DEFAULT_REGION
  value: {{ . | quote }}
{{- end }}
{{- if $store.secret }}
{{- range list "ACCESS_KEY_ID" "SECRET_ACCESS_KEY" }}
- name: {{ $before }}{{ . }}
  valueFrom:
    secretKeyRef: {name: {{ $store.secret }}, key: AWS_{{ . }}}
{{- end }}
{{- else if $default }}
- name: FSSPEC_S3_ANON
  value: "true"
{{- end }}
{{- end }}
{{- end }}

{{/* Whether the catalogue explorer is served: the root. */}}
{{- define "vre.explore" -}}
{{- $boards := dig "dashboards" (dict "explore" dict) .Values.vre -}}
{{- if and (hasKey $boards "explore") (dig "explore" "enabled" true $boards) }}true{{ end }}
{{- end }}

{{/* How people log in: the root. */}}
{{- define "vre.authKind" -}}
{{ dig "auth" "kind" "shared-password" .Values.vre }}
{{- end }}
