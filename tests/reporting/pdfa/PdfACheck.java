import java.io.FileInputStream;
import java.util.Map;
import java.util.TreeMap;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Validates one PDF with veraPDF's library: prints each failed rule once, and leaves with 1 if there is any. */
public class PdfACheck {
    public static void main(String[] arguments) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        PDFAFlavour flavour = PDFAFlavour.fromString(arguments.length > 1 ? arguments[1] : "3a");
        try (PDFAParser parser = Foundries.defaultInstance().createParser(new FileInputStream(arguments[0]), flavour);
                PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false)) {
            ValidationResult result = validator.validate(parser);
            Map<String, String> failed = new TreeMap<>();
            for (TestAssertion one : result.getTestAssertions()) {
                if (one.getStatus() == TestAssertion.Status.FAILED) {
                    failed.putIfAbsent(one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber(),
                            one.getMessage() + " at " + one.getLocation().getContext());
                }
            }
            failed.forEach((rule, message) -> System.out.println("failed " + rule + ": " + message));
            System.out.println(flavour.getId() + " compliant=" + result.isCompliant() + " checks=" + result.getTotalAssertions());
            System.exit(result.isCompliant() ? 0 : 1);
        }
    }
}
