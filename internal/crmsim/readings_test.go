package crmsim

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The readings below tell what truth should say of a value on the wire, by ways
// of the standard library that the package itself does not use.

func asIs(_ *testing.T, wire string) any { return wire }

func asText(t *testing.T, wire string) any { return decode[string](t, wire) }

func asLower(t *testing.T, wire string) any { return strings.ToLower(decode[string](t, wire)) }

func asDecimal(t *testing.T, wire string) any {
	r, ok := new(big.Rat).SetString(strings.Trim(wire, `"`))
	if !ok {
		t.Fatalf("%s is no decimal", wire)
	}
	return strings.Replace(r.FloatString(2), "-0.00", "0.00", 1)
}

func asTime(t *testing.T, wire string) any {
	at, err := time.Parse(time.RFC3339Nano, decode[string](t, wire))
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000Z")
}

var djangoDuration = regexp.MustCompile(`^(?:(-?\d+) )?(\d\d):(\d\d):(\d\d)(?:\.(\d{6}))?$`)

func asDuration(t *testing.T, wire string) any {
	parts := djangoDuration.FindStringSubmatch(decode[string](t, wire))
	if parts == nil {
		t.Fatalf("%s is no duration", wire)
	}
	var sum int64
	for i, unit := range []int64{86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1} {
		n, _ := strconv.ParseInt(parts[i+1], 10, 64) // empty is 0
		sum += n * unit
	}
	return strconv.FormatInt(sum, 10)
}

func asMoscow(t *testing.T, wire string) any { return wall(t, wire, moscow) }

func asWarsaw(t *testing.T, wire string) any { return wall(t, wire, warsaw) }

// wall reads a time without a zone: of two with one text, the first.
func wall(t *testing.T, wire string, zone *time.Location) any {
	text := decode[string](t, wire)
	if strings.HasPrefix(text, "0000") {
		return nil
	}
	at, err := time.ParseInLocation(time.DateTime, text, zone)
	if err != nil {
		t.Fatal(err)
	}
	if first := at.Add(-time.Hour); first.Format(time.DateTime) == text {
		at = first
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// asNumber reads a number that may be text.
func asNumber(_ *testing.T, wire string) any { return strings.Trim(wire, `"`) }

// asFlag reads a bool that may be 0 or 1.
func asFlag(_ *testing.T, wire string) any {
	return map[string]string{"0": "false", "1": "true"}[strings.Trim(wire, `"`)]
}

// asTextOrNull reads text; nothing in it is null.
func asTextOrNull(t *testing.T, wire string) any {
	if text := decode[string](t, wire); text != "" {
		return text
	}
	return nil
}

// asDigits reads an id that may be a number.
func asDigits(_ *testing.T, wire string) any {
	if digits := strings.Trim(wire, `"`); digits != "" {
		return digits
	}
	return nil
}

func asSeconds(_ *testing.T, wire string) any { return strings.TrimPrefix(wire+"000000", "000000") }

func asDate(t *testing.T, wire string) any {
	if text := decode[string](t, wire); text != "0000-00-00" {
		return text
	}
	return nil
}

// A wireField is a value on the wire, its column, and how the one is read as
// the other.
type wireField struct {
	wire, column string
	read         func(*testing.T, string) any
}

// wireFields returns fields of each stream.
func wireFields() map[string][]wireField {
	same := func(path string, read func(*testing.T, string) any) wireField { return wireField{path, path, read} }
	return map[string][]wireField{
		"workshop_resources": {
			same("id", asIs), same("inventory.name", asText), same("inventory.extra", asIs), same("inventory.sublease_user", asIs),
			same("inventory_group.unit_price", asDecimal), same("inventory_group.created_at", asTime), same("inventory_group.name", asText),
			same("inventory_group.filters.0", asText), same("inventory_group.points.1", asIs), same("inventory_group.extra", asIs),
			same("resource.price", asDecimal), same("resource.name", asText), same("price", asDecimal), same("extra", asIs),
			{"tarif", "tariff", asIs}, {"inventory.disabled", "inventory.disabled", asIs},
		},
		"request_list": {
			same("id", asIs), same("status", asIs), same("created_at", asTime), same("updated_at", asTime), same("price", asDecimal),
			same("tax_percent", asDecimal), {"duriation", "duration", asDuration}, same("client.name", asText), same("inventories.1.name", asText),
			same("deleted", asIs), same("extra", asIs), same("status_color", asText),
		},
		"requests": {
			same("id", asIs), same("plus_id", asIs), same("bag", asLower), same("unique_id", asText), same("price_tax", asDecimal),
			{"duriation", "duration", asDuration}, {"penalty_duriation", "penalty_duration", asDuration}, {"initial_duriation", "initial_duration", asDuration},
			{"penalty_step_duriation", "penalty_step_duration", asDuration}, same("counting_duration", asDuration), same("extra", asIs), same("rent_fact_end", asTime),
			{"services.0.tarif_price", "services.0.tariff_price", asDecimal}, {"services.0.tarif_duration", "services.0.tariff_duration", asDuration},
			{"services.1.service.tarifs.0.duriation", "services.1.service.tariffs.0.period", asIs},
			{"services.1.service.tarifs.1.name", "services.1.service.tariffs.1.name", asText}, same("services.2.info", asText),
			same("services.2.service.bonus", asDecimal), same("actions.0.inventories.0", asIs), same("actions.1.created_at", asTime),
			{"default_tarif_period", "default_tariff_period", asIs},
		},
		"sales_funnels": {same("ext_id", asText), same("name", asText), same("stages.0.stage_name", asText), same("stages.1.stage_order", asIs)},
		"projects": {
			same("id", asNumber), same("created", asMoscow), same("name", asTextOrNull), same("step_id", asNumber), same("group_id", asNumber), same("price", asDecimal),
			same("participants_user_id.1", asNumber), same("deleted", asFlag), same("data", asIs),
		},
		"projects_filtered":  {same("id", asNumber), same("created", asMoscow), same("data", asIs)},
		"project_details":    {same("id", asNumber), same("name", asTextOrNull), same("data", asIs)},
		"project_steps":      {same("id", asNumber), same("step_id", asNumber), same("user_id", asNumber), same("date", asMoscow)},
		"project_actions":    {same("id", asNumber), same("project_id", asNumber), same("type_id", asNumber), same("created", asMoscow), same("comment", asTextOrNull)},
		"project_goods":      {same("id", asNumber), same("good_id", asNumber), same("price", asDecimal), same("name", asTextOrNull)},
		"project_payments":   {same("id", asNumber), same("type", asNumber), same("sum", asDecimal), same("date", asDate)},
		"project_checklists": {same("id", asNumber), same("items.0.done", asFlag), same("items.1.deadline", asDate), same("items.0.name", asTextOrNull)},
		"users":              {same("id", asNumber), same("id_company", asText), same("first_name", asText), same("created_at", asWarsaw)},
		"user_meetings": {
			same("id", asNumber), same("id_user", asNumber), same("id_thread", asDigits), {"id_comapny", "id_company", asDigits}, same("status", asText),
			same("start_date", asWarsaw), same("address", asText), same("visits", asIs), same("modified_at", asWarsaw),
		},
		"user_threads": {same("id", asDigits), same("number", asText), same("contract_value", asDecimal), same("fields", asIs), same("end_date", asWarsaw)},
		"calls_report": {
			same("id", asIs), same("start_time", asMoscow), same("talk_duration", asSeconds), same("communication_id", asNumber), same("virtual_phone_number", asDigits),
			same("sale_cost", asDecimal), same("tags.0.tag_name", asText), same("tags.1.tag_change_time", asMoscow), same("employees.0.is_answered", asIs), same("attributes.0", asText),
		},
		"visitor_sessions": {
			same("id", asIs), same("duration", asDuration), same("hits.0.hit_duration", asDuration), same("hits.1.hit_time", asMoscow), same("communications.0.communication_id", asNumber),
			same("integrated_campaign_data.banner_id", asIs), same("visitor_custom_properties.1.property_value", asText),
		},
		"deals_history": {
			same("ext_id", asText), same("stage_ext_id", asText), same("modified_stage_date_time", asMoscow), same("revenue", asDecimal), same("contact_ext_ids.1", asText), same("is_generated", asIs),
		},
	}
}
