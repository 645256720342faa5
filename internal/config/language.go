package config

// This file is the language of pipelines.yaml: its maps and their keys. The
// decoder reads files by it, and the JSON Schema for editors is made of it. A
// key marked need must be there; merged, once the source's keys are filled in.

// fileKeys are the keys of the whole file.
type fileKeys struct {
	place
	Version     numberLeaf          `json:"version" need:"yes" doc:"Version of this language: 1."`
	Destination textLeaf            `json:"destination" doc:"Where data sets go: a folder, s3://bucket/prefix or gs://bucket/prefix. By default ./lake."`
	Sources     named[sourceKeys]   `json:"sources" need:"yes" doc:"The accounts of APIs, by name."`
	Pipelines   named[pipelineKeys] `json:"pipelines" need:"yes" doc:"The streams of the sources, by name. Each ends in a data set of its own."`
}

// shared are the keys that pipelines inherit from their source.
type shared struct {
	Headers  members      `json:"headers" doc:"Headers of every request."`
	Params   members      `json:"params" doc:"jsonrpc: params of every call."`
	Paging   *pagingKeys  `json:"paging" doc:"How the pages of lists are asked for. Inherited key by key, unless the pipeline names another kind."`
	Records  *recordsKeys `json:"records" doc:"Where the records of a reply are: a path, several (the first that exists), or a map. x[] exists only if it is a list."`
	Replies  []replyKeys  `json:"replies" doc:"What replies mean; the first rule that holds. A pipeline's stand before its source's."`
	Defaults *schemaKeys  `json:"defaults" doc:"What holds for all columns of the schemas."`
	Limits   *limitsKeys  `json:"limits" doc:"What the API allows. One budget for all pipelines of a source; a pipeline can have a narrower one beside it."`
}

// sourceKeys are the keys of a source.
type sourceKeys struct {
	place
	Kind         word         `json:"kind" enum:"http,jsonrpc" doc:"http (default) or jsonrpc (JSON-RPC 2.0)."`
	BaseURL      textLeaf     `json:"base_url" need:"yes" doc:"Scheme, host and path that requests start at."`
	Timezone     textLeaf     `json:"timezone" doc:"Zone of times without one and of windows, such as Europe/Moscow."`
	Auth         *authKeys    `json:"auth" doc:"How requests are authorized. Nothing below it is ever shown."`
	Budget       []budgetKeys `json:"budget" doc:"Where replies say what is left of the allowance."`
	Timeout      span         `json:"timeout" doc:"For one whole reply, such as 60s."`
	Patience     span         `json:"patience" doc:"Until a reply begins, such as 5m for reports. By default 1m; not above timeout."`
	Retries      numberLeaf   `json:"retries" doc:"Tries after the first; 0 for none."`
	MaxWait      span         `json:"max_wait" doc:"The longest wait that a reply may ask for. By default 5m."`
	CAFile       textLeaf     `json:"ca_file" doc:"Certificates of authorities to trust beside the system's."`
	UserAgent    textLeaf     `json:"user_agent" doc:"What the header User-Agent says."`
	InsecureHTTP flagLeaf     `json:"insecure_http" doc:"Lets credentials go over http to other hosts than this one."`
	Accounts     accountsLeaf `json:"accounts" doc:"Makes this a source for each account, and each of its pipelines a data set for each; {account.x} is a value of the account: almaty: { x: 4 }."`
	shared
}

// authKeys are the keys below auth. Which of them may stand depends on kind.
type authKeys struct {
	place
	Kind         word                `json:"kind" need:"yes" enum:"none,headers,query,basic,param,login,oauth2" doc:"How requests are authorized."`
	Headers      members             `json:"headers" doc:"kind headers: secret headers."`
	Query        members             `json:"query" doc:"kind query: secret parameters of the query."`
	Params       members             `json:"params" doc:"kind param: secret members of params, or of the body; kind oauth2: more parameters of the token request."`
	Username     template            `json:"username" doc:"kind basic."`
	Password     template            `json:"password" doc:"kind basic."`
	Login        *requestKeys        `json:"login" doc:"kind login: the request that gives a token."`
	Refresh      *requestKeys        `json:"refresh" doc:"kind login: the request that gives the next token; {token.x} is a member of the last reply."`
	Token        jsonPath            `json:"token" doc:"kind login: where the token stands in the reply."`
	Header       textLeaf            `json:"header" doc:"kind login: the header that takes the bare token, in place of Authorization."`
	Param        textLeaf            `json:"param" doc:"kind login: the member of params that takes the token."`
	TokenURL     textLeaf            `json:"token_url" doc:"kind oauth2: the token endpoint."`
	ClientID     template            `json:"client_id" doc:"kind oauth2."`
	ClientSecret template            `json:"client_secret" doc:"kind oauth2."`
	RefreshToken template            `json:"refresh_token" doc:"kind oauth2: in place of client credentials. The one that a server gives in exchange is kept for the next run."`
	ClientAuth   word                `json:"client_auth" enum:"basic,body" doc:"kind oauth2: where client_id and client_secret go: basic, the header (default), or the body."`
	Scopes       oneOrMany[textLeaf] `json:"scopes" doc:"kind oauth2."`
}

// requestKeys are the keys of a request.
type requestKeys struct {
	place
	Method  word     `json:"method" enum:"GET,POST" doc:"GET, or POST where there is a body."`
	Path    template `json:"path" doc:"http: below base_url."`
	Query   members  `json:"query" doc:"http: parameters of the query."`
	JSON    opaque   `json:"json" doc:"http: the body."`
	Call    textLeaf `json:"call" doc:"jsonrpc: the method."`
	Params  members  `json:"params" doc:"jsonrpc: params of the call."`
	Headers members  `json:"headers" doc:"Headers of this request."`
}

// limitsKeys are the keys of limits.
type limitsKeys struct {
	place
	Requests    numberLeaf `json:"requests" doc:"Requests that the API allows per period."`
	Per         span       `json:"per" doc:"The period, such as 1m."`
	Share       share      `json:"share" doc:"How much of that may be used, such as 80%."`
	Concurrency numberLeaf `json:"concurrency" doc:"Requests at one time."`
}

// budgetKeys are the keys of an entry of budget.
type budgetKeys struct {
	place
	Left     jsonPath            `json:"left" need:"yes" doc:"Where the number of requests left stands."`
	ResetsIn jsonPath            `json:"resets_in" need:"yes" doc:"Where the seconds until there are more stand."`
	In       oneOrMany[jsonPath] `json:"in" doc:"Objects that these paths start at. By default the whole body."`
}

// pagingMap are the keys of paging.
type pagingMap struct {
	place
	Kind      word       `json:"kind" enum:"none,page,offset,cursor,next,link" doc:"How a page is named."`
	Send      *sendKeys  `json:"send" doc:"Names of the parameters."`
	Size      numberLeaf `json:"size" doc:"Rows per page."`
	First     numberLeaf `json:"first" doc:"kind page: number of the first page. By default 1."`
	In        word       `json:"in" enum:"query,body,params" doc:"Where the parameters go. By default query; params for jsonrpc."`
	Read      *readKeys  `json:"read" doc:"Where replies tell about the list."`
	End       word       `json:"end" enum:"total,next,pages,empty,short" doc:"What ends the list. By default the strongest that read allows."`
	MaxPages  numberLeaf `json:"max_pages" doc:"More pages than this end the run as incomplete. By default 1000000."`
	MaxOffset numberLeaf `json:"max_offset" doc:"kind offset: the largest offset that the API takes."`
}

// sendKeys are the names of the parameters of paging.
type sendKeys struct {
	place
	Page   textLeaf `json:"page" doc:"kind page: the number of the page. By default page."`
	Offset textLeaf `json:"offset" doc:"kind offset: rows before the page. By default offset."`
	Size   textLeaf `json:"size" doc:"The rows per page."`
	Cursor textLeaf `json:"cursor" doc:"kind cursor: the cursor. By default cursor."`
}

// readKeys say where replies tell about paging.
type readKeys struct {
	place
	Total  *totalKeys `json:"total" doc:"The number of rows of the whole list: a path, or { at: path, is: hint } if the API does not keep to it."`
	Next   jsonPath   `json:"next" doc:"kind next: the link to the next page; else a sign that there is one."`
	Pages  jsonPath   `json:"pages" doc:"The number of pages."`
	Cursor jsonPath   `json:"cursor" doc:"kind cursor: the cursor of the next page."`
}

// totalMap are the keys of read.total.
type totalMap struct {
	place
	At jsonPath `json:"at" need:"merged" doc:"Where the total stands."`
	Is word     `json:"is" enum:"exact,hint" doc:"hint: plans pages, and a difference is only recorded."`
}

// recordsMap are the keys of records.
type recordsMap struct {
	place
	At      oneOrMany[recordPath] `json:"at" need:"merged" doc:"A path, or several: the first that exists."`
	Missing word                  `json:"missing" enum:"fail,empty" doc:"What it means that no path exists. By default fail."`
}

// replyKeys are the keys of a rule of replies.
type replyKeys struct {
	place
	When    *conditions `json:"when" doc:"All of these hold."`
	Unless  *conditions `json:"unless" doc:"Not all of these hold."`
	Then    word        `json:"then" need:"yes" enum:"fail,retry,wait,login,end,skip,empty" doc:"What the reply means."`
	As      word        `json:"as" enum:"auth,config,data,transient" doc:"then fail: the class. By default data."`
	For     jsonPath    `json:"for" doc:"then wait: where the seconds stand."`
	Message jsonPath    `json:"message" doc:"then fail: where the text for the user stands."`
}

// schemaKeys are the keys of defaults.
type schemaKeys struct {
	place
	Loose         flagLeaf            `json:"loose" doc:"Takes numbers as text, and 0 and 1 as bool."`
	NullIf        oneOrMany[textLeaf] `json:"null_if" doc:"Texts that mean NULL."`
	Layouts       oneOrMany[textLeaf] `json:"layouts" doc:"Layouts of timestamps beside RFC 3339, as Go's package time writes them."`
	Unknown       word                `json:"unknown" enum:"keep,ignore" doc:"What becomes of members that no column names."`
	Drift         word                `json:"drift" enum:"report,fail" doc:"What becomes of a run that meets fields that are unknown, vanished or retyped."`
	DuplicateKeys word                `json:"duplicate_keys" enum:"reject,last" doc:"Members of one object with equal names."`
	Text          word                `json:"text" enum:"reject,replace" doc:"Strings that are no text."`
}

// pipelineKeys are the keys of a pipeline.
type pipelineKeys struct {
	place
	Source       textLeaf            `json:"source" need:"yes" doc:"The name of the source."`
	Request      *requestKeys        `json:"request" need:"yes" doc:"What is asked for a page."`
	ForEach      *forEachKeys        `json:"for_each" doc:"Makes the request for each parent; of a list, for each combination."`
	Window       *windowKeys         `json:"window" doc:"Cuts the stream into slices on a calendar grid."`
	Schema       textLeaf            `json:"schema" need:"yes" doc:"What a row is: system/stream, or ./file.yaml."`
	Key          oneOrMany[textLeaf] `json:"key" doc:"Columns that together are unique."`
	Version      textLeaf            `json:"version" doc:"Of rows with equal keys, the one that is higher here stays."`
	Write        word                `json:"write" enum:"replace,merge" doc:"replace (default) the slice, or merge by key."`
	Partition    []partitionKeys     `json:"partition" doc:"Folders of the data set."`
	Complete     word                `json:"complete" enum:"settled,counted,walked,answered" doc:"The least proof that is accepted."`
	MaxShrink    share               `json:"max_shrink" doc:"How many rows a commit may lose. By default 50%."`
	MaxGone      share               `json:"max_gone" doc:"How many of the asked parents may be gone. By default 10%."`
	MinRows      numberLeaf          `json:"min_rows" doc:"Fewest rows of a first commit."`
	MaxRejects   rejects             `json:"max_rejects" doc:"How many records may be set aside: a count or a share. By default none."`
	ResumeWithin span                `json:"resume_within" doc:"How old a reading may be that was broken off, for a run to go on with it. By default 6h; 0 for none."`
	KeepFailed   span                `json:"keep_failed" doc:"How long pages are kept that did not fit the schema, so that a mended one needs no request. By default 7d."`
	KeepReplaced span                `json:"keep_replaced" doc:"How long replaced files serve readers that were overtaken, and rollback. By default 24h."`
	KeepPages    textLeaf            `json:"keep_pages" doc:"How long pages of committed readings are kept, such as 7d. By default none."`
	shared
}

// forEachOne are the keys of for_each.
type forEachOne struct {
	place
	Values   []members `json:"values" doc:"The parents: maps of names and values."`
	File     textLeaf  `json:"file" doc:"A YAML or JSON file that holds a list of such maps."`
	Pipeline textLeaf  `json:"pipeline" doc:"The rows of this pipeline are the parents."`
	Where    members   `json:"where" doc:"pipeline: columns and the values that they must have."`
	Changed  textLeaf  `json:"changed" doc:"pipeline: asks only parents that are new or have another value in this column."`
	Covers   word      `json:"covers" enum:"all" doc:"values: together they cover the whole list, which is checked."`
}

// windowKeys are the keys of window.
type windowKeys struct {
	place
	Every word       `json:"every" need:"yes" enum:"hour,day,week,month" doc:"Length of a slice."`
	Start textLeaf   `json:"start" need:"yes" doc:"Where the first slice begins: 2020-01-01 or 2020-01-01T15:00."`
	Field textLeaf   `json:"field" doc:"Column that must lie in the slice."`
	Again numberLeaf `json:"again" doc:"How many of the newest slices are read again. By default 1."`
	Lag   span       `json:"lag" doc:"A slice is closed this long after its end. By default 1h."`
}

// partitionKeys are the keys of a level of partition.
type partitionKeys struct {
	place
	By partitionBy `json:"by" need:"yes" doc:"year, month, day, hour, value or bucket(n)."`
	Of textLeaf    `json:"of" need:"yes" doc:"The column."`
}
