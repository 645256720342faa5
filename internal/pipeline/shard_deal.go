package pipeline

import (
	"cmp"
	"context"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"etl/extract"
	"etl/internal/config"
)

// mostFirstPages is how many first pages a plan asks for of a pipeline: enough
// to deal its units evenly.
const mostFirstPages = 100

// weighAll reckons how many requests each unit takes.
func weighAll(ctx context.Context, all []*laidOut) error {
	const atOnce = 16 // pipelines; their sources bound what is asked at one time
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, l := range all {
		g.Go(caught(func() error { return l.weigh(ctx) }))
	}
	return g.Wait()
}

// weigh asks for the first pages of some units, evenly spread over all, and for
// the totals that the units together must reach.
func (l *laidOut) weigh(ctx context.Context) error {
	each := 0
	for i, t := range l.takes {
		if l.job.p.Covers && len(t.units) > 0 {
			total, err := t.list(0, 0).Total(ctx)
			if err != nil {
				return err
			}
			l.Slices[i].Covers = &total
		}
		each = len(t.units)
	}
	units := each * len(l.takes)
	samples := min(mostFirstPages, units)
	if l.job.p.Paging.Kind == config.PagingNone {
		samples = 0
	}
	var pages, lists float64
	for n := range samples {
		at := n * (units - 1) / max(1, samples-1)
		got, err := l.sampleUnit(ctx, at/each, at%each)
		if err != nil {
			return err
		}
		pages, lists = pages+float64(got), lists+1
	}
	perList := cmp.Or(pages, 1) / cmp.Or(lists, 1)
	for i, t := range l.takes {
		for u := range t.units {
			unit := &l.Slices[i].Units[u]
			if unit.Requests == 0 {
				unit.Requests = max(1, int64(math.Round(perList*float64(len(t.units[u].parents)))))
			}
		}
	}
	return nil
}

// sampleUnit asks for the first page of the first list of a unit, and returns
// how many pages the list has by it.
func (l *laidOut) sampleUnit(ctx context.Context, slice, u int) (pages int64, err error) {
	t := l.takes[slice]
	list := t.list(u, 0)
	page, err := list.Fetch(ctx, list.First())
	if err != nil {
		return 0, err
	}
	only := &Planned{job: l.job, Lists: int64(len(l.takes) * len(t.units))}
	pages, _, _ = only.extent(list, page)
	unit := &l.Slices[slice].Units[u]
	unit.Requests = pages * int64(len(t.units[u].parents))
	if page.Total >= 0 {
		unit.Total = &page.Total
	}
	return pages, nil
}

// A hand is what the shards get of one source.
type hand struct {
	PlanSource
	source *config.Source
	units  []*PlanUnit
}

// deal gives each unit to a shard. A source goes to as few shards as its part
// of all requests is worth, since each of them gets no more than its share of
// the source's limit, and what one that is done does not use is lost.
func (p *ShardPlan) deal(all []*laidOut, clients map[*config.Source]*extract.Client, o *Options) {
	hands := map[string]*hand{}
	total := int64(0)
	for _, l := range all {
		p.Pipelines = append(p.Pipelines, l.PlanPipeline)
		h := hands[l.Source]
		if h == nil {
			h = &hand{PlanSource: PlanSource{Name: l.Source}, source: l.job.p.Source}
			hands[l.Source] = h
		}
		for i := range l.Slices {
			for u := range l.Slices[i].Units {
				unit := &l.Slices[i].Units[u]
				h.units = append(h.units, unit)
				h.Requests += unit.Requests
				total += unit.Requests
			}
		}
	}
	sorted := make([]*hand, 0, len(hands))
	for _, h := range hands {
		if len(h.units) > 0 {
			sorted = append(sorted, h)
		}
	}
	slices.SortFunc(sorted, func(a, b *hand) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Name, b.Name))
	})
	load := make([]int64, p.Asked) // requests of each shard
	for _, h := range sorted {
		h.dealOut(load, total)
		h.Share = orAll(o.RateShare) / float64(h.Shards)
		if c := clients[h.source]; c != nil {
			h.Used, h.UsedAt = c.Stats().Requests, o.Now().UTC()
		}
		h.Seconds = demandWithin(h.source.Limits, o.RateShare, defaultAtOnce).seconds(h.Requests)
		p.Sources = append(p.Sources, h.PlanSource)
	}
	for p.Shards < len(load) && load[p.Shards] > 0 {
		p.Shards++
	}
}

// dealOut deals the units of a source to the shards that have the least to do,
// the largest first.
func (h *hand) dealOut(load []int64, total int64) {
	most := min(len(load), len(h.units))
	if c := h.source.Limits.Concurrency; c > 0 {
		most = min(most, c)
	}
	if h.source.Auth.OAuth2 != nil && h.source.Auth.OAuth2.RefreshToken != "" {
		most = 1 // a refresh token that the server exchanges is one worker's
	}
	worth := math.Round(float64(h.Requests) * float64(len(load)) / float64(total))
	h.Shards = max(1, min(most, int(worth)))
	shards := make([]int, len(load))
	for i := range shards {
		shards[i] = i
	}
	slices.SortStableFunc(shards, func(a, b int) int { return cmp.Compare(load[a], load[b]) })
	shards = shards[:h.Shards]
	own := make([]int64, len(load))
	units := slices.Clone(h.units)
	slices.SortStableFunc(units, func(a, b *PlanUnit) int { return cmp.Compare(b.Requests, a.Requests) })
	for _, u := range units {
		u.Shard = slices.MinFunc(shards, func(a, b int) int { return cmp.Or(cmp.Compare(own[a], own[b]), cmp.Compare(a, b)) })
		own[u.Shard] += u.Requests
		load[u.Shard] += u.Requests
	}
}
