/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxml2, wrapped: a text becomes a tree to walk. The text is hostile: nothing is fetched, a
 * document type (and so every entity but the five of XML itself) is refused; size, depth,
 * attributes of an element and namespaces are bounded. Nothing is printed.
 */
#ifndef KVMB_WRAP_XML_H
#define KVMB_WRAP_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

/* What libvirt's protocol can carry in one string. */
#define KVMB_XML_SIZE_MAX ((size_t)4 << 20)

struct kvmb_xml;  /* a document */
struct _xmlNode;  /* an element of it; lives as long as the document */

/** kvmb_xml_parse() - -E2BIG, -ENOMEM, -EBADMSG for what is no XML, too deep, or has a DTD */
int kvmb_xml_parse(const char *text, struct kvmb_xml **ret);
struct kvmb_xml *kvmb_xml_free(struct kvmb_xml *x);
KVMB_DEFINE_CLEANUP(struct kvmb_xml *, kvmb_xml_free);

/** kvmb_xml_root() - the outermost element */
const struct _xmlNode *kvmb_xml_root(const struct kvmb_xml *x);

/** kvmb_xml_child() - first child element called @name (NULL: any), or NULL; @parent may be NULL */
const struct _xmlNode *kvmb_xml_child(const struct _xmlNode *parent, const char *name);

/** kvmb_xml_next() - next element beside @node called @name (NULL: any), or NULL */
const struct _xmlNode *kvmb_xml_next(const struct _xmlNode *node, const char *name);

/** kvmb_xml_is() - is this the element's name? */
bool kvmb_xml_is(const struct _xmlNode *node, const char *name);

/** kvmb_xml_has() - is its attribute @name exactly @value? @node may be NULL */
bool kvmb_xml_has(const struct _xmlNode *node, const char *name, const char *value);

/** kvmb_xml_in() - is the element of the namespace @uri? */
bool kvmb_xml_in(const struct _xmlNode *node, const char *uri);

/** kvmb_xml_is_empty() - are there neither elements nor text in it, but for blanks? */
bool kvmb_xml_is_empty(const struct _xmlNode *node);

struct kvmb_xml_attribute {
	const char *name;
	const char *uri;   /* of its namespace, or NULL */
	const char *value; /* NULL where it is not a plain text */
};

/** kvmb_xml_attributes() - call @take for each attribute until it returns less than 0: that */
int kvmb_xml_attributes(const struct _xmlNode *node,
			int (*take)(void *ctx, const struct kvmb_xml_attribute *a), void *ctx);

#endif
