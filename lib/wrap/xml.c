/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxml2, wrapped: the only file that calls it. */
#include "wrap/xml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

/*
 * Not among them: NOENT, which would put entities in, DTDLOAD, which would fetch them, and HUGE,
 * without which libxml2 refuses depths above 256.
 */
#define FLAGS (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA)

/*
 * libxml2 compares each attribute of an element with all others of it, and looks for the namespace
 * of each name among all that are in scope: with 20,000 attributes that is half a second of CPU
 * time, with some 8,000 namespaces it is four for each MiB. libvirt itself has no more than twenty
 * of the former and two of the latter; with these bounds 4 MiB take less than a second.
 */
#define ATTRIBUTES_MAX 256
#define NAMESPACES_MAX 256 /* that are declared in the whole text */

struct kvmb_xml {
	xmlDocPtr doc;
};

static void free_parser(xmlParserCtxtPtr *p)
{
	if (*p)
		xmlFreeParserCtxt(*p);
}

/* Before its entities are even read: what is not well-formed yields no document. */
static void refuse_doctype(void *ctx, const xmlChar *name, const xmlChar *external_id,
			   const xmlChar *system_id)
{
	xmlParserCtxtPtr p = ctx;

	(void)name;
	(void)external_id;
	(void)system_id;
	p->wellFormed = 0;
	xmlStopParser(p);
}

/* @c: after the '<'; a value has no further one: where there is one the tag is over, or broken */
static bool is_tag_bounded(const char *c)
{
	unsigned int n = 0;
	char quote = 0;

	for (; *c && *c != '<' && (quote || *c != '>'); c++) {
		if (quote) {
			quote = *c == quote ? 0 : quote;
		} else if (*c == '"' || *c == '\'') {
			quote = *c;
			n++;
		}
	}
	return n <= ATTRIBUTES_MAX;
}

/* Each '<' is taken for a tag's, in a comment, too: what libxml2 takes for one is among them. */
static bool is_bounded(const char *text)
{
	unsigned int n = 0;

	for (const char *c = strstr(text, "xmlns"); c; c = strstr(c + 1, "xmlns"))
		n++;
	for (const char *c = strchr(text, '<'); c; c = strchr(c + 1, '<'))
		if (!strchr("/!?", c[1]) && !is_tag_bounded(c + 1))
			return false;
	return n <= NAMESPACES_MAX;
}

static int parse(const char *text, size_t len, xmlDocPtr *ret)
{
	_cleanup_(free_parser) xmlParserCtxtPtr p = xmlNewParserCtxt();

	if (!p)
		return -ENOMEM;
	p->sax->internalSubset = refuse_doctype;
	*ret = xmlCtxtReadMemory(p, text, (int)len, NULL, "UTF-8", FLAGS);
	if (*ret)
		return 0;
	return p->errNo == XML_ERR_NO_MEMORY ? -ENOMEM : -EBADMSG;
}

int kvmb_xml_parse(const char *text, struct kvmb_xml **ret)
{
	_cleanup_(kvmb_xml_freep) struct kvmb_xml *x = NULL;
	size_t len = strlen(text);
	int r;

	if (len > KVMB_XML_SIZE_MAX || !is_bounded(text))
		return -E2BIG;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	r = parse(text, len, &x->doc);
	if (r < 0)
		return r;
	if (!xmlDocGetRootElement(x->doc))
		return -EBADMSG;
	*ret = TAKE_PTR(x);
	return 0;
}

struct kvmb_xml *kvmb_xml_free(struct kvmb_xml *x)
{
	if (!x)
		return NULL;
	if (x->doc)
		xmlFreeDoc(x->doc);
	free(x);
	return NULL;
}

const struct _xmlNode *kvmb_xml_root(const struct kvmb_xml *x)
{
	return xmlDocGetRootElement(x->doc);
}

static const struct _xmlNode *find(const struct _xmlNode *node, const char *name)
{
	while (node && !(node->type == XML_ELEMENT_NODE && (!name || kvmb_xml_is(node, name))))
		node = node->next;
	return node;
}

const struct _xmlNode *kvmb_xml_child(const struct _xmlNode *parent, const char *name)
{
	return parent ? find(parent->children, name) : NULL;
}

const struct _xmlNode *kvmb_xml_next(const struct _xmlNode *node, const char *name)
{
	return find(node->next, name);
}

bool kvmb_xml_is(const struct _xmlNode *node, const char *name)
{
	return strcmp((const char *)node->name, name) == 0;
}

/* Without a document type a value is one text: libxml2 puts in what characters stand for. */
bool kvmb_xml_has(const struct _xmlNode *node, const char *name, const char *value)
{
	const struct _xmlAttr *a = node ? node->properties : NULL;

	while (a && strcmp((const char *)a->name, name) != 0)
		a = a->next;
	return a && a->children && a->children->content &&
	       strcmp((const char *)a->children->content, value) == 0;
}

bool kvmb_xml_in(const struct _xmlNode *node, const char *uri)
{
	return node->ns && node->ns->href && strcmp((const char *)node->ns->href, uri) == 0;
}

bool kvmb_xml_is_empty(const struct _xmlNode *node)
{
	for (const struct _xmlNode *n = node->children; n; n = n->next)
		if (n->type != XML_COMMENT_NODE && n->type != XML_PI_NODE && !xmlIsBlankNode(n))
			return false;
	return true;
}

static const char *attribute_value(const struct _xmlAttr *a)
{
	const struct _xmlNode *text = a->children;

	if (!text)
		return "";
	return text->type == XML_TEXT_NODE && !text->next ? (const char *)text->content : NULL;
}

int kvmb_xml_attributes(const struct _xmlNode *node,
			int (*take)(void *ctx, const struct kvmb_xml_attribute *a), void *ctx)
{
	for (const struct _xmlAttr *a = node->properties; a; a = a->next) {
		const struct kvmb_xml_attribute attribute = {
			.name = (const char *)a->name,
			.uri = a->ns ? (const char *)a->ns->href : NULL,
			.value = attribute_value(a),
		};
		int r = take(ctx, &attribute);

		if (r < 0)
			return r;
	}
	return 0;
}
