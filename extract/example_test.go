package extract_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"etl/extract"
	"etl/internal/config"
)

// A list is read page by page: Fetch asks for a page, Next says which follows.
func Example() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "1" {
			fmt.Fprint(w, `{"count": 3, "results": [{"id": 1}, {"id": 2}]}`)
		} else {
			fmt.Fprint(w, `{"count": 3, "results": [{"id": 3}]}`)
		}
	}))
	defer api.Close()
	source := &config.Source{Name: "shop", Kind: config.HTTP, BaseURL: api.URL}
	client, err := extract.NewClient(source, extract.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	list := client.List(&config.Pipeline{
		Name:    "orders",
		Source:  source,
		Request: config.Request{Path: config.Template{{Literal: "/orders/"}}},
		Paging: config.Paging{
			Kind: config.PagingPage, Send: config.Send{Page: "page"}, First: 1,
			Read: config.Read{Total: config.Path{"count"}}, End: config.EndTotal,
		},
		Records: config.Records{At: []config.RecordPath{{Path: config.Path{"results"}}}},
	}, extract.Vars{})

	for at, more := list.First(), true; more; {
		page, err := list.Fetch(context.Background(), at)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, record := range page.Records {
			fmt.Printf("page %d: %s\n", page.Number, record.Of(page.Body))
		}
		if at, more, err = list.Next(page); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// page 1: {"id": 1}
	// page 1: {"id": 2}
	// page 2: {"id": 3}
}
