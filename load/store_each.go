package load

import "golang.org/x/sync/errgroup"

// movesAtOnce is how many files of a bucket are looked at or moved at a time:
// each takes as long as the way to the bucket and back, a few times.
const movesAtOnce = 16

// each makes n calls: one after the other, or in a bucket some at a time, where
// their order does not matter. It tells whether one has said that all is done.
// One after the other, that one or one that fails is the last.
func (s *Store) each(n int, call func(i int) (done bool, err error)) (done bool, err error) {
	if s.atOnce < 2 {
		for i := range n {
			if done, err := call(i); done || err != nil {
				return done, err
			}
		}
		return false, nil
	}
	ends := make([]bool, n)
	var group errgroup.Group
	group.SetLimit(s.atOnce)
	for i := range n {
		group.Go(func() (err error) {
			ends[i], err = call(i)
			return err
		})
	}
	err = group.Wait()
	for _, end := range ends {
		done = done || end
	}
	return done, err
}
