// Package extract reads the pages of an API as raw JSON.
//
// It is the first stage: it asks for a page, waits for its turn, proves who
// asks, judges the reply, tries again where that makes sense, and tells which
// page follows and where the records lie in the bytes. What a record holds is
// left to transform.
//
// Everything it knows about an API comes from config; it knows no API by name.
// It refuses to send credentials to any origin but that of the source, to
// follow a redirect elsewhere, to take part of a reply for a whole one, and to
// put a query, a body, a header or a secret into an error or a log. It starts
// no goroutine: a Client and its Lists are used from those of the caller.
package extract
