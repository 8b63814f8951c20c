# Peers in R of benchmarks/niche.py: the published definitions, written directly; MaxEnt fitted by the package
# glmnet, as in maxnet. Or a package itself: maxnet, specieschrom or nppen.
#
#   Rscript niche_peers.R JOB FOLDER "R, definition"
#   Rscript niche_peers.R JOB FOLDER "R, maxnet"
#
# Reads what niche_work.py wrote to FOLDER and prints one line of JSON: CPU seconds, units of work, check.

arguments <- commandArgs(trailingOnly = TRUE)
job <- arguments[1]
folder <- arguments[2]
side <- arguments[3]

table_of <- function(name) {
  shape <- scan(file.path(folder, paste0(name, ".shape")), quiet = TRUE)
  values <- readBin(file.path(folder, paste0(name, ".f64")), "double", n = prod(shape))
  if (length(shape) == 1) values else array(values, dim = shape)
}

cpu <- function(expression, repeats = 1) {
  best <- Inf
  for (i in seq_len(repeats)) {
    gc()
    before <- proc.time()
    result <- eval.parent(substitute(expression))
    spent <- proc.time() - before
    best <- min(best, spent[["user.self"]] + spent[["sys.self"]])
  }
  list(seconds = best, result = result)
}

tell <- function(seconds, work, check) {
  cat(sprintf('{"seconds": %.6f, "work": %.0f, "check": %.12g}\n', seconds, work, check))
}

# Species chromatogram (Kleparski & Beaugrand 2022).
chromatogram <- function(z, y, bins, least, percent, order) {
  edges <- (0:bins) / bins
  out <- matrix(NA_real_, bins, ncol(z))
  for (j in seq_len(ncol(z))) {
    x <- (z[, j] - min(z[, j])) / (max(z[, j]) - min(z[, j]))
    raw <- rep(NA_real_, bins)
    for (b in seq_len(bins)) {
      inside <- if (b < bins) which(x >= edges[b] & x < edges[b + 1]) else which(x >= edges[b])
      if (length(inside) >= least) {
        top <- sort(y[inside], decreasing = TRUE)[seq_len(ceiling(percent * length(inside) / 100))]
        raw[b] <- mean(top, na.rm = TRUE)
      }
    }
    smoothed <- raw
    for (b in (order + 1):(bins - order)) smoothed[b] <- mean(raw[(b - order):(b + order)], na.rm = TRUE)
    smoothed[1] <- mean(raw[1:2])
    smoothed[bins] <- mean(raw[(bins - 1):bins])
    for (b in seq_len(order)[-1]) {
      smoothed[b] <- mean(raw[(b - 1):(b + 1)], na.rm = TRUE)
      smoothed[bins + 1 - b] <- mean(raw[(bins - b):(bins + 2 - b)], na.rm = TRUE)
    }
    out[, j] <- smoothed / max(smoothed, na.rm = TRUE)
  }
  out
}

# Overlap of hyper-rectangles over every subset of variables (as above).
overlap <- function(run) {
  p <- dim(run)[2]
  pairs <- combn(dim(run)[3], 2)
  best <- rep(NA_real_, p)
  for (size in seq_len(p)) {
    subsets <- combn(p, size)
    means <- numeric(ncol(subsets))
    for (k in seq_len(ncol(subsets))) {
      chosen <- subsets[, k]
      d <- numeric(ncol(pairs))
      for (i in seq_len(ncol(pairs))) {
        a <- run[, chosen, pairs[1, i], drop = FALSE]
        b <- run[, chosen, pairs[2, i], drop = FALSE]
        common <- prod(apply(a & b, 2, sum))
        d[i] <- 100 * common / (prod(apply(a, 2, sum)) + prod(apply(b, 2, sum)) - common)
      }
      means[k] <- mean(d)
    }
    best[size] <- min(means)
  }
  best
}

# NPPEN (Beaugrand et al. 2011): each reference is swapped with the target.
nppen <- function(x, targets) {
  apply(targets, 1, function(y) {
    observed <- mahalanobis(y, colMeans(x), cov(x))
    larger <- 0
    for (i in seq_len(nrow(x))) {
      swapped <- x
      swapped[i, ] <- y
      larger <- larger + (mahalanobis(x[i, ], colMeans(swapped), cov(swapped)) > observed)
    }
    larger / nrow(x)
  })
}

# MaxEnt with the features and penalties of maxnet 0.1.4 (Phillips et al. 2017).
hinge <- function(x, from, to) pmin(1, pmax(0, (x - from) / (to - from)))

feature_list <- function(low, high, classes) {
  p <- length(low)
  out <- list()
  add <- function(class, values) out[[length(out) + 1]] <<- list(class = class, values = values)
  if (grepl("l", classes)) for (j in 1:p) local({ j <- j; add("l", function(x) x[, j]) })
  if (grepl("q", classes)) for (j in 1:p) local({ j <- j; add("q", function(x) x[, j]^2) })
  if (grepl("p", classes)) for (i in seq_len(p - 1)) for (j in (i + 1):p) {
    local({ i <- i; j <- j; add("p", function(x) x[, i] * x[, j]) })
  }
  for (j in 1:p) {
    knots <- seq(low[j], high[j], length.out = 50)
    if (grepl("h", classes)) {
      for (k in knots[-50]) local({ j <- j; k <- k; add("h", function(x) hinge(x[, j], k, high[j])) })
      for (k in knots[-1]) local({ j <- j; k <- k; add("h", function(x) hinge(x[, j], low[j], k)) })
    }
    if (grepl("t", classes)) for (k in seq(low[j], high[j], length.out = 52)[2:51]) {
      local({ j <- j; k <- k; add("t", function(x) as.numeric(x[, j] >= k)) })
    }
  }
  out
}

penalties <- function(columns, class, presence) {
  np <- sum(presence)
  smooth <- if ("p" %in% class) list(c(0, 10, 17, 30, 100), c(2.6, 1.6, 0.9, 0.55, 0.05))
    else if ("q" %in% class) list(c(0, 10, 17, 30, 100), c(1.3, 0.8, 0.5, 0.25, 0.05))
    else list(c(0, 10, 30, 100), c(1, 1, 0.2, 0.05))
  base <- approx(smooth[[1]], smooth[[2]], np, rule = 2)$y
  step <- approx(c(0, 100), c(2, 1), np, rule = 2)$y
  factor <- ifelse(class == "h", 0.5, ifelse(class == "t", step, base))
  seen <- columns[presence == 1, , drop = FALSE]
  deviation <- apply(seen, 2, sd)
  floor_h <- ifelse(class == "h", 0.5 * pmax(deviation, 1 / sqrt(np)) / sqrt(np), 0)
  floor_t <- ifelse(class == "t" & colMeans(seen) %in% c(0, 1), 1, 0)
  range <- apply(columns, 2, max) - apply(columns, 2, min)
  pmax(0.001 * range, deviation * factor / sqrt(np), floor_h, floor_t)
}

fit_maxent <- function(env, presence, classes) {
  known <- do.call(paste, as.data.frame(env[presence == 0, ]))
  seen <- env[presence == 1, , drop = FALSE]
  added <- seen[!(do.call(paste, as.data.frame(seen)) %in% known), , drop = FALSE]
  env <- rbind(env, unique(added))
  presence <- c(presence, rep(0, nrow(env) - length(presence)))
  low <- apply(env, 2, min)
  high <- apply(env, 2, max)
  features <- feature_list(low, high, classes)
  columns <- sapply(features, function(f) f$values(env))
  class <- sapply(features, `[[`, "class")
  penalty <- penalties(columns, class, presence)
  weight <- ifelse(presence == 1, 1, 100)
  lambda <- 10^seq(4, 0, length.out = 200) * mean(penalty) * sum(presence) / sum(weight)
  glmnet::glmnet.control(pmin = 1e-8, fdev = 0)
  model <- glmnet::glmnet(columns, presence, family = "binomial", standardize = FALSE,
                          penalty.factor = penalty, lambda = lambda, weights = weight)
  if (length(model$lambda) < 200) warning("glmnet failed to complete the regularization path")
  beta <- model$beta[, ncol(model$beta)]
  kept <- beta != 0
  eta <- columns[presence == 0, kept, drop = FALSE] %*% beta[kept]
  raw <- exp(eta - max(eta))
  raw <- raw / sum(raw)
  list(features = features[kept], beta = beta[kept], low = low, high = high,
       alpha = -log(sum(exp(eta - max(eta)))) - max(eta), entropy = -sum(raw * log(raw)))
}

predict_maxent <- function(model, env) {
  for (j in seq_len(ncol(env))) env[, j] <- pmin(model$high[j], pmax(model$low[j], env[, j]))
  eta <- sapply(model$features, function(f) f$values(env)) %*% model$beta + model$alpha
  1 - exp(-exp(model$entropy + eta))
}

if (side == "R, maxnet") {
  fit_maxent <- function(env, presence, classes) {
    env <- as.data.frame(env)
    maxnet::maxnet(presence, env, maxnet::maxnet.formula(presence, env, classes))
  }
  predict_maxent <- function(model, env) predict(model, as.data.frame(env), type = "cloglog")
} else if (side == "R, specieschrom") {
  pdf(NULL)  # it draws what it computes
  chromatogram <- specieschrom::chromato_env16
  overlap <- function(run) {
    best <- specieschrom::combina_niche3(run + 0, 0)$combi_dim
    best[, ncol(best)]
  }
} else if (side == "R, nppen") {
  nppen <- function(x, targets) nppen::nppen(x, targets, fast = FALSE)
}

if (grepl("^chromatogram", job)) {
  z <- table_of("environment")
  y <- table_of("abundance")
  timed <- cpu(chromatogram(z, y, 50, 1, 5, 2), if (nrow(z) > 2e5) 1 else 3)
  tell(timed$seconds, 1, sum(timed$result, na.rm = TRUE))
} else if (job == "overlap") {
  run <- table_of("run") > 0
  timed <- cpu(overlap(run))
  tell(timed$seconds, 1, sum(timed$result))
} else if (job == "nppen exact") {
  targets <- table_of("few_targets")
  timed <- cpu(nppen(table_of("references"), targets))
  tell(timed$seconds, nrow(targets), sum(timed$result))
} else if (job == "maxent fit") {
  env <- table_of("environment")
  presence <- table_of("presence")
  timed <- cpu(fit_maxent(env, presence, "lqpht"), 2)
  tell(timed$seconds, 1, mean(predict_maxent(timed$result, env)))
} else if (job == "maxent predict") {
  model <- fit_maxent(table_of("environment"), table_of("presence"), "lqph")
  targets <- table_of("few_targets")
  timed <- cpu(predict_maxent(model, targets), 2)
  tell(timed$seconds, nrow(targets), mean(timed$result))
}
