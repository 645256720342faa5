package bucket

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"

	"etl/internal/fault"
)

// noSum is the SHA-256 of nothing.
const noSum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// credentialsS3 looks for credentials, region and endpoint where the AWS command
// line does: environment, shared files, web identity, container, machine. It
// returns what signs requests with them.
func credentialsS3() (*place, func(*http.Request, payload) error, error) {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, nil, fault.New(fault.Config, "reading the settings of AWS: they cannot be understood").
			WithHint("aws configure list shows what stands in the environment and in ~/.aws")
	}
	p := &place{region: cmp.Or(cfg.Region, "us-east-1")}
	if cfg.BaseEndpoint != nil {
		p.endpoint = *cfg.BaseEndpoint
	}
	for _, source := range cfg.ConfigSources {
		of, ok := source.(interface {
			GetServiceBaseEndpoint(ctx context.Context, service string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if endpoint, found, err := of.GetServiceBaseEndpoint(ctx, "S3"); err == nil && found {
			p.endpoint = endpoint
			break
		}
	}
	p.endpoint = strings.TrimSuffix(p.endpoint, "/")
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	sign := func(req *http.Request, body payload) error {
		if cfg.Credentials == nil {
			return noCredentials()
		}
		credentials, err := cfg.Credentials.Retrieve(req.Context())
		if err != nil {
			return noCredentials()
		}
		sum := cmp.Or(body.sha256, noSum)
		req.Header.Set("X-Amz-Content-Sha256", sum)
		if err := signer.SignHTTP(req.Context(), credentials, req, sum, "s3", p.where(), time.Now()); err != nil {
			return fault.New(fault.Bug, "signing a request: %w", err)
		}
		return nil
	}
	return p, sign, nil
}

func noCredentials() error {
	return fault.New(fault.Auth, "looking for credentials of AWS: there are none that can be used").
		WithHint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or run where a role is given; docs/buckets.md")
}
