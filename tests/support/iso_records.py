"""ISO records in XML, as catalogues serve them: 19139 (gmd) and 19115-3 (mdb), in two languages."""

from xml.sax.saxutils import escape

__all__ = ["gmd", "mdb"]

_GMD = """<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco"
 xmlns:gml="http://www.opengis.net/gml" xmlns:xlink="http://www.w3.org/1999/xlink">
<gmd:fileIdentifier><gco:CharacterString>{uuid}</gco:CharacterString></gmd:fileIdentifier>
<gmd:language><gmd:LanguageCode codeList="" codeListValue="fre"/></gmd:language>
<gmd:hierarchyLevel><gmd:MD_ScopeCode codeList="" codeListValue="dataset"/></gmd:hierarchyLevel>
<gmd:contact><gmd:CI_ResponsibleParty>
<gmd:organisationName><gco:CharacterString>Ifremer</gco:CharacterString></gmd:organisationName>
<gmd:role><gmd:CI_RoleCode codeList="" codeListValue="pointOfContact"/></gmd:role>
</gmd:CI_ResponsibleParty></gmd:contact>
<gmd:dateStamp><gco:DateTime>{changed}</gco:DateTime></gmd:dateStamp>
<gmd:locale><gmd:PT_Locale id="EN"><gmd:languageCode><gmd:LanguageCode codeList="" codeListValue="eng"/>
</gmd:languageCode><gmd:characterEncoding><gmd:MD_CharacterSetCode codeList="" codeListValue="utf8"/>
</gmd:characterEncoding></gmd:PT_Locale></gmd:locale>
<gmd:identificationInfo><gmd:MD_DataIdentification><gmd:citation><gmd:CI_Citation>
<gmd:title xsi:type="gmd:PT_FreeText_PropertyType" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<gco:CharacterString>{titre}</gco:CharacterString><gmd:PT_FreeText><gmd:textGroup>
<gmd:LocalisedCharacterString locale="#EN">{title}</gmd:LocalisedCharacterString></gmd:textGroup>
</gmd:PT_FreeText>
</gmd:title>
<gmd:date><gmd:CI_Date><gmd:date><gco:Date>2021-05-01</gco:Date></gmd:date><gmd:dateType>
<gmd:CI_DateTypeCode codeList="" codeListValue="publication"/></gmd:dateType></gmd:CI_Date></gmd:date>
<gmd:identifier><gmd:MD_Identifier><gmd:code><gco:CharacterString>doi:10.12770/{uuid}</gco:CharacterString>
</gmd:code></gmd:MD_Identifier></gmd:identifier></gmd:CI_Citation></gmd:citation>
<gmd:abstract><gco:CharacterString>{abstract}</gco:CharacterString></gmd:abstract>
<gmd:pointOfContact><gmd:CI_ResponsibleParty>
<gmd:organisationName><gco:CharacterString>Ifremer</gco:CharacterString></gmd:organisationName>
<gmd:role><gmd:CI_RoleCode codeList="" codeListValue="author"/></gmd:role>
</gmd:CI_ResponsibleParty></gmd:pointOfContact>
<gmd:descriptiveKeywords><gmd:MD_Keywords>
<gmd:keyword><gco:CharacterString>/Biogéochimie marine/Pigments</gco:CharacterString></gmd:keyword>
<gmd:type><gmd:MD_KeywordTypeCode codeList="" codeListValue="theme"/></gmd:type>
<gmd:thesaurusName><gmd:CI_Citation>
<gmd:title><gco:CharacterString>Variables ODATIS</gco:CharacterString></gmd:title>
</gmd:CI_Citation></gmd:thesaurusName></gmd:MD_Keywords></gmd:descriptiveKeywords>
<gmd:resourceConstraints><gmd:MD_LegalConstraints>
<gmd:useConstraints><gmd:MD_RestrictionCode codeList="" codeListValue="license"/></gmd:useConstraints>
<gmd:otherConstraints><gco:CharacterString>{licence}</gco:CharacterString></gmd:otherConstraints>
</gmd:MD_LegalConstraints></gmd:resourceConstraints>
<gmd:extent><gmd:EX_Extent><gmd:geographicElement><gmd:EX_GeographicBoundingBox>
<gmd:westBoundLongitude><gco:Decimal>{west}</gco:Decimal></gmd:westBoundLongitude>
<gmd:eastBoundLongitude><gco:Decimal>{east}</gco:Decimal></gmd:eastBoundLongitude>
<gmd:southBoundLatitude><gco:Decimal>{south}</gco:Decimal></gmd:southBoundLatitude>
<gmd:northBoundLatitude><gco:Decimal>{north}</gco:Decimal></gmd:northBoundLatitude>
</gmd:EX_GeographicBoundingBox></gmd:geographicElement></gmd:EX_Extent></gmd:extent>
<gmd:extent><gmd:EX_Extent><gmd:temporalElement><gmd:EX_TemporalExtent><gmd:extent>
<gml:TimePeriod gml:id="t"><gml:beginPosition>{start}</gml:beginPosition>{end}</gml:TimePeriod></gmd:extent>
</gmd:EX_TemporalExtent></gmd:temporalElement></gmd:EX_Extent></gmd:extent>
</gmd:MD_DataIdentification></gmd:identificationInfo>
<gmd:distributionInfo><gmd:MD_Distribution><gmd:transferOptions><gmd:MD_DigitalTransferOptions>{links}
</gmd:MD_DigitalTransferOptions></gmd:transferOptions></gmd:MD_Distribution></gmd:distributionInfo>
</gmd:MD_Metadata>"""
_GMD_LINK = """<gmd:onLine><gmd:CI_OnlineResource><gmd:linkage><gmd:URL>{url}</gmd:URL></gmd:linkage>
<gmd:protocol><gco:CharacterString>{protocol}</gco:CharacterString></gmd:protocol>
<gmd:name><gco:CharacterString>{name}</gco:CharacterString></gmd:name></gmd:CI_OnlineResource></gmd:onLine>"""
_MDB = """<mdb:MD_Metadata xmlns:mdb="http://standards.iso.org/iso/19115/-3/mdb/2.0"
 xmlns:cit="http://standards.iso.org/iso/19115/-3/cit/2.0" xmlns:mcc="http://standards.iso.org/iso/19115/-3/mcc/1.0"
 xmlns:mri="http://standards.iso.org/iso/19115/-3/mri/1.0" xmlns:gex="http://standards.iso.org/iso/19115/-3/gex/1.0"
 xmlns:mco="http://standards.iso.org/iso/19115/-3/mco/1.0" xmlns:mrd="http://standards.iso.org/iso/19115/-3/mrd/1.0"
 xmlns:lan="http://standards.iso.org/iso/19115/-3/lan/1.0" xmlns:gco="http://standards.iso.org/iso/19115/-3/gco/1.0"
 xmlns:gml="http://www.opengis.net/gml/3.2">
<mdb:metadataIdentifier><mcc:MD_Identifier><mcc:code>
<gco:CharacterString>{uuid}</gco:CharacterString></mcc:code>
</mcc:MD_Identifier></mdb:metadataIdentifier>
<mdb:defaultLocale><lan:PT_Locale id="FR"><lan:language><lan:LanguageCode codeList="" codeListValue="fre"/>
</lan:language></lan:PT_Locale></mdb:defaultLocale>
<mdb:dateInfo><cit:CI_Date><cit:date><gco:DateTime>{changed}</gco:DateTime></cit:date><cit:dateType>
<cit:CI_DateTypeCode codeList="" codeListValue="revision"/></cit:dateType></cit:CI_Date></mdb:dateInfo>
<mdb:otherLocale><lan:PT_Locale id="EN"><lan:language><lan:LanguageCode codeList="" codeListValue="eng"/>
</lan:language></lan:PT_Locale></mdb:otherLocale>
<mdb:identificationInfo><mri:MD_DataIdentification><mri:citation><cit:CI_Citation>
<cit:title><gco:CharacterString>{titre}</gco:CharacterString><lan:PT_FreeText><lan:textGroup>
<lan:LocalisedCharacterString locale="#EN">{title}</lan:LocalisedCharacterString></lan:textGroup>
</lan:PT_FreeText>
</cit:title>
<cit:identifier><mcc:MD_Identifier>
<mcc:code><gco:CharacterString>https://doi.org/10.12770/{uuid}</gco:CharacterString>
</mcc:code></mcc:MD_Identifier></cit:identifier></cit:CI_Citation></mri:citation>
<mri:abstract><gco:CharacterString>{abstract}</gco:CharacterString></mri:abstract>
<mri:extent><gex:EX_Extent><gex:geographicElement><gex:EX_GeographicBoundingBox>
<gex:westBoundLongitude><gco:Decimal>{west}</gco:Decimal></gex:westBoundLongitude>
<gex:eastBoundLongitude><gco:Decimal>{east}</gco:Decimal></gex:eastBoundLongitude>
<gex:southBoundLatitude><gco:Decimal>{south}</gco:Decimal></gex:southBoundLatitude>
<gex:northBoundLatitude><gco:Decimal>{north}</gco:Decimal></gex:northBoundLatitude>
</gex:EX_GeographicBoundingBox></gex:geographicElement><gex:temporalElement><gex:EX_TemporalExtent><gex:extent>
<gml:TimePeriod gml:id="t"><gml:beginPosition>{start}</gml:beginPosition>{end}</gml:TimePeriod></gex:extent>
</gex:EX_TemporalExtent></gex:temporalElement></gex:EX_Extent></mri:extent>
<mri:descriptiveKeywords><mri:MD_Keywords>
<mri:keyword><gco:CharacterString>/Biogéochimie marine/Pigments</gco:CharacterString></mri:keyword>
<mri:thesaurusName><cit:CI_Citation>
<cit:title><gco:CharacterString>Variables ODATIS</gco:CharacterString></cit:title>
</cit:CI_Citation></mri:thesaurusName></mri:MD_Keywords></mri:descriptiveKeywords>
<mri:resourceConstraints><mco:MD_LegalConstraints>
<mco:otherConstraints><gco:CharacterString>{licence}</gco:CharacterString></mco:otherConstraints>
</mco:MD_LegalConstraints></mri:resourceConstraints>
</mri:MD_DataIdentification></mdb:identificationInfo>
<mdb:distributionInfo><mrd:MD_Distribution><mrd:transferOptions><mrd:MD_DigitalTransferOptions>{links}
</mrd:MD_DigitalTransferOptions></mrd:transferOptions></mrd:MD_Distribution></mdb:distributionInfo>
</mdb:MD_Metadata>"""
_MDB_LINK = """<mrd:onLine>
<cit:CI_OnlineResource>
<cit:linkage><gco:CharacterString>{url}</gco:CharacterString></cit:linkage>
<cit:protocol><gco:CharacterString>{protocol}</gco:CharacterString></cit:protocol>
<cit:name><gco:CharacterString>{name}</gco:CharacterString></cit:name></cit:CI_OnlineResource></mrd:onLine>"""


def gmd(uuid: str, **facts) -> str:
    """An ISO 19139 record; `facts` replace those of a grid of chlorophyll in the Bay of Biscay."""
    return _filled(_GMD, _GMD_LINK, uuid, facts)


def mdb(uuid: str, **facts) -> str:
    """The same record in ISO 19115-3."""
    return _filled(_MDB, _MDB_LINK, uuid, facts)


def _filled(template: str, link: str, uuid: str, facts: dict) -> str:
    known = {
        "titre": f"Chlorophylle {uuid}",
        "title": f"Chlorophyll {uuid}",
        "abstract": "Couleur de l'eau du golfe de Gascogne.",
        "changed": "2024-01-02T00:00:00",
        "licence": "CC-BY 4.0",
        "box": (-10, 43, -1, 48.5),
        "start": "2010-01-01",
        "end": "2020-12-31",
        "links": [(f"https://data.example.org/{uuid}.nc", "WWW:DOWNLOAD-1.0-http--download", "data")],
    } | facts
    west, south, east, north = known.pop("box")
    end = known.pop("end")
    last = (
        f"<gml:endPosition>{end}</gml:endPosition>"
        if end
        else '<gml:endPosition indeterminatePosition="now"/>'
    )
    links = "".join(
        link.format(url=escape(url), protocol=escape(protocol), name=escape(name))
        for url, protocol, name in known.pop("links")
    )
    texts = {name: escape(str(value)) for name, value in known.items()}
    return template.format(
        uuid=uuid, west=west, south=south, east=east, north=north, end=last, links=links, **texts
    )
