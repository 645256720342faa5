package extract

import "etl/internal/config"

// DefaultReplies returns the rules that hold after those of a pipeline, for a
// kind of source. What none of them names is accepted if its body is JSON.
func DefaultReplies(kind string) []config.Reply {
	if kind == config.JSONRPC {
		return append(jsonrpcReplies(), httpReplies()...)
	}
	return httpReplies()
}

func httpReplies() []config.Reply {
	return []config.Reply{
		status(config.Fail, "data", "no content; a rule can say empty", 204),
		status(config.Fail, "data", "part of a body, which was not asked for", 206),
		status(config.LogIn, "", "the credentials are refused", 401),
		status(config.Fail, "auth", "no permission", 403),
		status(config.Fail, "data", "not found", 404),
		status(config.Retry, "", "", 408, 425, 429),
		{When: config.Conditions{HTTP: []config.Range{{Min: 300, Max: 399}}}, Then: config.Fail, As: "config",
			Text: "a redirect that is not followed"},
		{When: config.Conditions{HTTP: []config.Range{{Min: 500, Max: 599}}}, Then: config.Retry},
		{Unless: config.Conditions{HTTP: []config.Range{{Min: 200, Max: 299}}}, Then: config.Fail, As: "data",
			Text: "the request is refused"},
	}
}

func status(then, as, text string, codes ...int) config.Reply {
	var ranges []config.Range
	for _, code := range codes {
		ranges = append(ranges, config.Range{Min: code, Max: code})
	}
	return config.Reply{When: config.Conditions{HTTP: ranges}, Then: then, As: as, Text: text}
}

// jsonrpcReplies go by the mnemonic, since codes are shared by several errors:
// those of the Data API of UIS and CoMagic (comagic.github.io/data_api), then
// the codes of jsonrpc.org/specification.
func jsonrpcReplies() []config.Reply {
	return []config.Reply{
		mnemonic(config.LogIn, "", "access_token_expired", "access_token_invalid", "access_token_blocked"),
		mnemonic(config.Fail, "auth", "auth_error", "ip_not_whitelisted", "forbidden", "account_inactive"),
		{When: config.Conditions{Mnemonic: []string{"limit_exceeded"}}, Then: config.Wait,
			For: config.Path{"error", "data", "metadata", "limits", "minute_reset"}},
		mnemonic(config.Retry, "", "internal_error"),
		mnemonic(config.Fail, "config", "method_not_found", "data_type_error", "invalid_parameter_value",
			"unexpected_parameters", "required_parameter_missed", "invalid_parameters_combination", "sort_prohibited",
			"filter_prohibited", "date_interval_limit_reached", "entity_not_found", "tariff_restrictions", "error",
			"method_component_disabled", "parameter_component_disabled", "parse_error", "invalid_request",
			"batch_opreations_not_supported", "notifications_not_supported"),
		code(config.Retry, "", "-32603"),
		code(config.Fail, "config", "-32700", "-32600", "-32601", "-32602"),
	}
}

func mnemonic(then, as string, names ...string) config.Reply {
	return config.Reply{When: config.Conditions{Mnemonic: names}, Then: then, As: as}
}

func code(then, as string, codes ...string) config.Reply {
	at := config.BodyCondition{Path: config.Path{"error", "code"}, Values: codes}
	return config.Reply{When: config.Conditions{Body: []config.BodyCondition{at}}, Then: then, As: as}
}
