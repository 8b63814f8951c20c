{{/* Parts of the network policies. */}}

{{/* Pods of this release by component: list root component... */}}
{{- define "vre.pods" -}}
{{- $root := first . -}}
{{- range rest . }}
- podSelector:
    matchLabels:
      {{- include "vre.selector" (dict "component" . "root" $root) | nindent 6 }}
{{- end }}
{{- end }}

{{/* A rule to TCP ports of components: dict "root" "direction" (to or from) "pods" "ports". */}}
{{- define "vre.rule" -}}
- {{ .direction }}:
    {{- include "vre.pods" (prepend .pods .root) | trim | nindent 4 }}
  ports:
    {{- range .ports }}
    - protocol: TCP
      port: {{ . }}
    {{- end }}
{{- end }}

{{/* Names are looked up. */}}
{{- define "vre.dns" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          {{- toYaml .Values.networkPolicy.dns | nindent 10 }}
    {{- range .Values.networkPolicy.dnsCidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  ports:
    - protocol: UDP
      port: 53
    - protocol: TCP
      port: 53
{{- end }}

{{/* Every address that is not private: the root. What hands out a machine's rights is private whatever the values
     say: the link, Alibaba's, Azure's and Oracle's addresses, AWS's and Google's by IPv6, the link by NAT64 and 6to4. */}}
{{- define "vre.public" -}}
{{- $four := list "169.254.0.0/16" "100.100.100.200/32" "168.63.129.16/32" "192.0.0.192/32" -}}
{{- $six := list "fe80::/10" "fd00:ec2::/32" "fd20:ce::254/128" "64:ff9b::a9fe:0/112" "64:ff9b::6464:64c8/128" "64:ff9b::a83f:8110/128" "64:ff9b::c000:c0/128" "64:ff9b:1::a9fe:0/112" "2002:a9fe::/32" -}}
{{- range concat (.Values.networkPolicy.private | default list) (.Values.networkPolicy.alsoPrivate | default list) -}}
{{- if contains ":" . }}{{ $six = append $six . }}{{ else }}{{ $four = append $four . }}{{ end -}}
{{- end -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: {{ $four | uniq | toJson }}
- ipBlock:
    cidr: ::/0
    except: {{ $six | uniq | toJson }}
{{- end }}

{{/* Listed destinations: a list of cidr and ports. */}}
{{- define "vre.listed" -}}
{{- range . }}
- to:
    - ipBlock:
        cidr: {{ .cidr }}
  {{- with .ports }}
  ports:
    {{- range . }}
    - protocol: TCP
      port: {{ . }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Where data are: the public Internet and the listed data servers. Root. */}}
{{- define "vre.dataEgress" -}}
{{- if .Values.networkPolicy.internet }}
- to:
    {{- include "vre.public" . | nindent 4 }}
{{- end }}
{{- include "vre.listed" .Values.data.endpoints }}
{{- end }}

{{/* The Kubernetes API: the root. */}}
{{- define "vre.kubernetesApi" -}}
{{- if .Values.networkPolicy.kubernetesApi }}
{{- include "vre.listed" .Values.networkPolicy.kubernetesApi }}
{{- else }}
- ports:
    {{- range list 443 6443 }}
    - protocol: TCP
      port: {{ . }}
    {{- end }}
{{- end }}
{{- end }}

{{/* What the operator adds: dict "root" "for". */}}
{{- define "vre.extraEgress" -}}
{{- with index .root.Values.networkPolicy.extraEgress .for }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* Head of a policy for one component: dict "root" "component". */}}
{{- define "vre.policyFor" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .component }}
  labels:
    {{- include "vre.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "vre.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
{{- end }}
