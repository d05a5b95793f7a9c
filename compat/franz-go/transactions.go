package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const turnSize = 10

var transactionChecks = []check{
	{"transaction_commit", transactionCommit}, {"transaction_abort", transactionAbort},
	{"transaction_open", transactionOpen}, {"transaction_partitions", transactionPartitions},
	{"transaction_many", transactionMany}, {"transaction_fence", transactionFence},
	{"transaction_timeout", transactionTimeout}, {"transaction_process", transactionProcess},
}

// transactor is a producer with a transactional id.
type transactor struct {
	cl *kgo.Client
}

func (c *client) transactor(id string, options ...kgo.Opt) (*transactor, error) {
	options = append([]kgo.Opt{
		kgo.SeedBrokers(c.bootstrap), kgo.TransactionalID(c.name(id)),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(50 * time.Millisecond),
	}, options...)
	cl, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := background()
	defer cancel()
	// It would ask for its id only when it sends its first record.
	_, _, err = cl.ProducerID(ctx)
	return &transactor{cl}, err
}

func (t *transactor) send(topic string, partition int32, values ...string) error {
	ctx, cancel := background()
	defer cancel()
	var records []*kgo.Record
	for _, value := range values {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(value)})
	}
	return t.cl.ProduceSync(ctx, records...).FirstErr()
}

func (t *transactor) written(topic string, values ...string) error {
	if err := t.cl.BeginTransaction(); err != nil {
		return err
	}
	return t.send(topic, 0, values...)
}

func (t *transactor) end(how kgo.TransactionEndTry) error {
	ctx, cancel := background()
	defer cancel()
	return t.cl.EndTransaction(ctx, how)
}

func (t *transactor) commit() error { return t.end(kgo.TryCommit) }
func (t *transactor) abort() error  { return t.end(kgo.TryAbort) }

// readTo gives what a reader sees now, up to the end of what it may see.
func (c *client) readTo(topic string, partition int32, isolation kgo.IsolationLevel) ([]string, error) {
	ctx, cancel := background()
	defer cancel()
	listed := c.admin.ListEndOffsets
	if isolation == kgo.ReadCommitted() {
		listed = c.admin.ListCommittedOffsets
	}
	ends, err := listed(ctx, topic)
	end, _ := ends.Lookup(topic, partition)
	if err = errors.Join(err, end.Err); err != nil || end.Offset == 0 {
		return nil, err
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.bootstrap), kgo.FetchIsolationLevel(isolation), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().At(0)}}))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	var values []string
	for next := int64(0); next < end.Offset; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			if !r.Attrs.IsControl() {
				values = append(values, string(r.Value))
			}
		})
	}
	return values, nil
}

// holds waits for what is committed: markers are written after the answer.
func (c *client) holds(topic string, partition int32, expected ...string) error {
	var got []string
	err := soon("committed", func() (bool, error) {
		var err error
		got, err = c.readTo(topic, partition, kgo.ReadCommitted())
		return slices.Equal(got, expected), err
	})
	if err != nil {
		return fmt.Errorf("%v where %v should be: %w", got, expected, err)
	}
	return nil
}

func (c *client) sees(topic, expected string, isolation kgo.IsolationLevel) error {
	got, err := c.readTo(topic, 0, isolation)
	return errors.Join(err, equal("read", strings.Join(got, ""), expected))
}

// refused is what one is told who has lost its transaction: another epoch, or (since KIP-890) the state it is in.
func refused(err error) error {
	if err == nil {
		return errors.New("it was not refused")
	}
	for _, known := range []error{kerr.InvalidProducerEpoch, kerr.ProducerFenced, kerr.InvalidTxnState} {
		if errors.Is(err, known) {
			return nil
		}
	}
	return err
}

// begun makes a topic of one partition and a transactor.
func (c *client) begun(what string) (string, *transactor, error) {
	topic, err := c.made(what, 1, nil)
	if err != nil {
		return topic, nil, err
	}
	one, err := c.transactor(what)
	return topic, one, err
}

func transactionCommit(c *client) error {
	topic, one, err := c.begun("tc")
	if err != nil {
		return err
	}
	defer one.cl.Close()
	if err := errors.Join(one.written(topic, "a", "b"), one.commit()); err != nil {
		return err
	}
	return errors.Join(c.holds(topic, 0, "a", "b"), c.sees(topic, "ab", kgo.ReadUncommitted()))
}

func transactionAbort(c *client) error {
	topic, one, err := c.begun("ta")
	if err != nil {
		return err
	}
	defer one.cl.Close()
	err = errors.Join(one.written(topic, "a", "b"), one.abort(), one.written(topic, "c"), one.commit())
	if err != nil {
		return err
	}
	return errors.Join(c.holds(topic, 0, "c"), c.sees(topic, "abc", kgo.ReadUncommitted()))
}

func transactionOpen(c *client) error {
	topic, first, err := c.begun("to-first")
	if err != nil {
		return err
	}
	defer first.cl.Close()
	second, err := c.transactor("to-second")
	if err != nil {
		return err
	}
	defer second.cl.Close()
	if err := errors.Join(first.written(topic, "a"), second.written(topic, "b"), second.commit()); err != nil {
		return err
	}
	time.Sleep(500 * time.Millisecond)
	err = errors.Join(c.sees(topic, "", kgo.ReadCommitted()), c.sees(topic, "ab", kgo.ReadUncommitted()))
	return errors.Join(err, first.abort(), c.holds(topic, 0, "b"))
}

func transactionPartitions(c *client) error {
	topic, err := c.made("tp", 3, nil)
	if err != nil {
		return err
	}
	one, err := c.transactor("tp")
	if err != nil {
		return err
	}
	defer one.cl.Close()
	for _, value := range []string{"a", "b", "c"} {
		err = errors.Join(err, one.cl.BeginTransaction())
		for p := range int32(3) {
			err = errors.Join(err, one.send(topic, p, value))
		}
		if value == "b" {
			err = errors.Join(err, one.abort())
		} else {
			err = errors.Join(err, one.commit())
		}
	}
	for p := range int32(3) {
		err = errors.Join(err, c.holds(topic, p, "a", "c"))
	}
	return err
}

func transactionMany(c *client) error {
	topic, one, err := c.begun("tm")
	if err != nil {
		return err
	}
	defer one.cl.Close()
	var kept []string
	for number := range 60 {
		value := fmt.Sprint(number)
		err = errors.Join(err, one.written(topic, value))
		if number%3 == 2 {
			err = errors.Join(err, one.abort())
		} else {
			err = errors.Join(err, one.commit())
			kept = append(kept, value)
		}
	}
	return errors.Join(err, c.holds(topic, 0, kept...))
}

func transactionFence(c *client) error {
	topic, zombie, err := c.begun("tf")
	if err != nil {
		return err
	}
	defer zombie.cl.Close()
	if err := zombie.written(topic, "a"); err != nil {
		return err
	}
	heir, err := c.transactor("tf")
	if err != nil {
		return err
	}
	defer heir.cl.Close()
	if err := heir.written(topic, "b"); err != nil {
		return err
	}
	return errors.Join(refused(zombie.commit()), heir.commit(), c.holds(topic, 0, "b"))
}

func transactionTimeout(c *client) error {
	topic, other, err := c.begun("tt-other")
	if err != nil {
		return err
	}
	defer other.cl.Close()
	slow, err := c.transactor("tt-slow", kgo.TransactionTimeout(time.Second))
	if err != nil {
		return err
	}
	defer slow.cl.Close()
	err = errors.Join(slow.written(topic, "a"), other.written(topic, "b"), other.commit())
	return errors.Join(err, c.holds(topic, 0, "b"), refused(slow.commit()))
}

func transactionProcess(c *client) error {
	source, before, err := c.begun("tx-source")
	if err != nil {
		return err
	}
	defer before.cl.Close()
	target, err := c.made("tx-target", 1, nil)
	if err != nil {
		return err
	}
	var values, processed []string
	for number := range 2 * turnSize {
		values = append(values, fmt.Sprintf("v%02d", number))
		processed = append(processed, fmt.Sprintf("V%02d", number))
	}
	if err := errors.Join(before.written(source, values...), before.commit()); err != nil {
		return err
	}
	for _, each := range []struct {
		how   kgo.TransactionEndTry
		first int
	}{{kgo.TryAbort, 0}, {kgo.TryCommit, 0}, {kgo.TryCommit, turnSize}} {
		got, err := c.turn(source, target, each.how)
		expected := values[each.first : each.first+turnSize]
		if err := errors.Join(err, equal("read", fmt.Sprint(got), fmt.Sprint(expected))); err != nil {
			return err
		}
	}
	at, err := c.committed(source)
	return errors.Join(err, equal("committed", at, int64(2*turnSize)), c.holds(target, 0, processed...))
}

// turn goes ten records on, by a new member with the same transactional id; gives what it has read.
func (c *client) turn(source, target string, how kgo.TransactionEndTry) ([]string, error) {
	session, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(c.bootstrap), kgo.TransactionalID(c.name("tx")),
		kgo.ConsumerGroup(source), kgo.ConsumeTopics(source), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets())
	if err != nil {
		return nil, err
	}
	defer session.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := session.Begin(); err != nil {
		return nil, err
	}
	var got []string
	for len(got) < turnSize {
		fetches := session.PollRecords(ctx, turnSize-len(got))
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		for _, r := range fetches.Records() {
			got = append(got, string(r.Value))
			processed := &kgo.Record{Topic: target, Value: []byte(strings.ToUpper(string(r.Value)))}
			if err := session.ProduceSync(ctx, processed).FirstErr(); err != nil {
				return nil, err
			}
		}
	}
	committed, err := session.End(ctx, how)
	return got, errors.Join(err, equal("committed", committed, bool(how)))
}
